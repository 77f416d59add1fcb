-- Log lines per UTC day of their timestamp and level, with the number of runs that wrote them.
SELECT
    (l.timestamp AT TIME ZONE 'UTC')::DATE AS day,
    l.level_code,
    count(*) AS logs,
    count(DISTINCT l.run_id) AS runs
FROM logs AS l
GROUP BY ALL
ORDER BY day NULLS LAST, l.level_code NULLS LAST
