-- Log lines per UTC day of their timestamp and level, with the number of runs that wrote them.
-- Lines without a timestamp stay, under a NULL day; the level is as the API spells it.
SELECT
    l.day,
    l.level_code,
    l.logs,
    l.runs
FROM daily.log_counts AS l
ORDER BY l.day NULLS LAST, l.level_code NULLS LAST
