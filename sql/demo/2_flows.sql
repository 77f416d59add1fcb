-- What the flows cost, and how often they fail
SELECT
    coalesce(t.flow_slug, '(no flow)') AS flow,
    t.runs,
    round(100 * t.failure_rate, 1) AS failed_percent,
    round(t.spend_usd, 6) AS spend_usd
FROM marts.flow_totals AS t
ORDER BY t.spend_usd DESC
LIMIT 6;
