-- The hundred runs of each UTC day of created_at that cost most: the hundred dearest of all days are among them.
SELECT
    (r.created_at AT TIME ZONE 'UTC')::DATE AS day,
    r.id AS run_id,
    r.created_at,
    r.flow_id,
    r.model_id,
    r.status_code,
    r.cost AS cost_usd,
    r.duration_ms
FROM runs AS r
WHERE r.cost IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY day ORDER BY r.cost DESC, r.created_at NULLS LAST, r.id) <= 100
ORDER BY day NULLS LAST
