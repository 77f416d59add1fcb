-- Why runs ended without success, per UTC day of created_at, status, code and stage, with the newest of them.
WITH ended AS (
    SELECT
        r.id,
        r.created_at,
        (r.created_at AT TIME ZONE 'UTC')::DATE AS day,
        CASE r.status_code WHEN 'cancelled' THEN 'canceled' ELSE r.status_code END AS status,
        coalesce(r.failure_code, json_extract_string(r.extra, '$.error.code')) AS failure_code,
        coalesce(r.failure_stage_code, json_extract_string(r.extra, '$.failure_stage')) AS failure_stage,
        coalesce(
            r.failure_message,
            json_extract_string(r.extra, '$.error.message'),
            CASE json_type(r.extra, '$.error') WHEN 'VARCHAR' THEN json_extract_string(r.extra, '$.error') END,
            json_extract_string(r.extra, '$.failure_reason')
        ) AS message,
        r.cost
    FROM runs AS r
    WHERE r._terminal AND r.status_code <> 'succeeded'
)

SELECT
    e.day,
    e.status,
    e.failure_code,
    e.failure_stage,
    count(*) AS runs,
    coalesce(sum(e.cost), 0::DECIMAL(38, 18)) AS spend_usd,
    first(e.message ORDER BY e.created_at DESC NULLS LAST, e.id DESC) FILTER (WHERE e.message IS NOT NULL)
        AS newest_message,
    first(e.id ORDER BY e.created_at DESC NULLS LAST, e.id DESC) AS newest_run_id
FROM ended AS e
GROUP BY ALL
ORDER BY e.day NULLS LAST
