-- The hundred runs that cost most, dearest first; the older of two equals comes first, and no cost is no place.
SELECT
    row_number() OVER (ORDER BY r.cost_usd DESC, r.created_at NULLS LAST, r.run_id) AS place,
    r.run_id,
    r.created_at,
    r.day,
    r.flow_id,
    f.slug AS flow_slug,
    f.name AS flow_name,
    r.model_id,
    m.slug AS model_slug,
    m.name AS model_name,
    CASE r.status_code WHEN 'cancelled' THEN 'canceled' ELSE r.status_code END AS status,
    r.cost_usd,
    r.duration_ms
FROM daily.dearest_runs AS r
LEFT JOIN main.flows AS f ON r.flow_id = f.id
LEFT JOIN main.models AS m ON r.model_id = m.id
ORDER BY place
LIMIT 100
