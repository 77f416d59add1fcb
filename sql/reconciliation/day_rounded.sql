-- The cost of one day, from $start to $end, as a source would add it up that rounds each run to {decimals} decimals.
SELECT coalesce(sum(round(r.cost, {decimals})), 0)::DECIMAL(38, 18) AS spend
FROM warehouse.main.runs AS r
WHERE r.created_at >= $start AND r.created_at < $end AND r._gone_at IS NULL
