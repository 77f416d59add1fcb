-- How long the runs of each flow take, in seconds
SELECT
    coalesce(d.flow_slug, '(no flow)') AS flow,
    d.timed_runs,
    round(d.p50_ms / 1000, 1) AS p50,
    round(d.p95_ms / 1000, 1) AS p95,
    round(d.p99_ms / 1000, 1) AS p99
FROM marts.durations_by_flow AS d
ORDER BY d.timed_runs DESC
LIMIT 6;
