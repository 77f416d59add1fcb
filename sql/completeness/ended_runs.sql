-- Runs created from $start to $end that have ended and are still there at the source, with what it says to have of them.
CREATE OR REPLACE TEMP TABLE ended_runs AS
SELECT
    r.id,
    r.created_at,
    greatest(r.created_at, r.completed_at) AS completed_at,
    coalesce(r.has_logs, false) AS has_logs,
    greatest(coalesce(r.nodes_completed, 0), coalesce(r.has_node_runs, false)::BIGINT) AS node_runs
FROM warehouse.main.runs AS r
WHERE r.created_at >= $start
  AND r.created_at < $end
  AND r._terminal
  AND r._gone_at IS NULL
