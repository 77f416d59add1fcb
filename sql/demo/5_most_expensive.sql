-- The runs that cost most
SELECT
    e.place,
    e.run_id,
    coalesce(e.flow_slug, e.model_slug) AS target,
    e.status,
    round(e.cost_usd, 6) AS cost_usd
FROM marts.most_expensive_runs AS e
ORDER BY e.place
LIMIT 5;
