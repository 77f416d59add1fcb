-- What is stored of one day, from $start to $end: runs and exact cost, and of both what is gone at the source or open.
SELECT
    count(*) AS runs,
    coalesce(sum(r.cost), 0::DECIMAL(38, 18)) AS spend,
    count(*) FILTER (WHERE r._gone_at IS NOT NULL) AS gone_runs,
    coalesce(sum(r.cost) FILTER (WHERE r._gone_at IS NOT NULL), 0::DECIMAL(38, 18)) AS gone_spend,
    count(*) FILTER (WHERE r._gone_at IS NULL AND r._terminal IS NOT TRUE) AS open_runs,
    coalesce(sum(r.cost) FILTER (WHERE r._gone_at IS NULL AND r._terminal IS NOT TRUE), 0::DECIMAL(38, 18)) AS open_spend
FROM warehouse.main.runs AS r
WHERE r.created_at >= $start AND r.created_at < $end
