-- How long the ended runs of each flow took, by duration_ms; quantiles are DOUBLE, interpolated between neighbours.
-- A run that is not over or has no duration is counted in runs alone; runs of no flow stay, under a NULL flow_id.
WITH durations AS (
    SELECT
        r.flow_id,
        count(*) AS runs,
        count(r.duration_ms) FILTER (WHERE r._terminal) AS timed_runs,
        quantile_cont(r.duration_ms::DOUBLE, 0.50) FILTER (WHERE r._terminal) AS p50_ms,
        quantile_cont(r.duration_ms::DOUBLE, 0.95) FILTER (WHERE r._terminal) AS p95_ms,
        quantile_cont(r.duration_ms::DOUBLE, 0.99) FILTER (WHERE r._terminal) AS p99_ms,
        max(r.duration_ms) FILTER (WHERE r._terminal) AS max_ms
    FROM main.runs AS r
    GROUP BY ALL
)

SELECT
    d.flow_id,
    n.slug AS flow_slug,
    n.name AS flow_name,
    d.runs,
    d.timed_runs,
    d.p50_ms,
    d.p95_ms,
    d.p99_ms,
    d.max_ms
FROM durations AS d
LEFT JOIN main.flows AS n ON d.flow_id = n.id
ORDER BY d.runs DESC, d.flow_id NULLS LAST
