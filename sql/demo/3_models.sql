-- What the models cost, dearest first
SELECT
    coalesce(t.model_slug, '(no model)') AS model,
    t.runs,
    round(t.spend_usd, 6) AS spend_usd
FROM marts.model_totals AS t
ORDER BY t.spend_usd DESC
LIMIT 6;
