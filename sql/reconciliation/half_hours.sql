-- Runs and exact cost per half hour from $start to $end, counted from $start, without runs that are gone at the source.
SELECT
    (epoch_us(r.created_at) - epoch_us($start::TIMESTAMPTZ)) // 1800000000 AS half_hour,
    count(*) AS runs,
    coalesce(sum(r.cost), 0::DECIMAL(38, 18)) AS spend
FROM warehouse.main.runs AS r
WHERE r.created_at >= $start AND r.created_at < $end AND r._gone_at IS NULL
GROUP BY half_hour
