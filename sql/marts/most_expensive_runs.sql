-- The hundred runs that cost most, dearest first; the older of two equals comes first, and no cost is no place.
SELECT
    row_number() OVER (ORDER BY r.cost DESC, r.created_at NULLS LAST, r.id) AS place,
    r.id AS run_id,
    r.created_at,
    (r.created_at AT TIME ZONE 'UTC')::DATE AS day,
    r.flow_id,
    f.slug AS flow_slug,
    f.name AS flow_name,
    r.model_id,
    m.slug AS model_slug,
    m.name AS model_name,
    CASE r.status_code WHEN 'cancelled' THEN 'canceled' ELSE r.status_code END AS status,
    r.cost AS cost_usd,
    r.duration_ms
FROM runs AS r
LEFT JOIN flows AS f ON r.flow_id = f.id
LEFT JOIN models AS m ON r.model_id = m.id
WHERE r.cost IS NOT NULL
ORDER BY place
LIMIT 100
