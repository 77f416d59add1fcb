-- No run and no node run ends before it started, or starts or ends before it was created.
-- A second is allowed: the three times may come from different clocks.
-- What to do: do not compute durations of these rows from their times; the times are stored as they were given.
SELECT w.id::VARCHAR AS key, w.stored_in, w.created_at, w.started_at, w.completed_at
FROM (
    SELECT 'runs' AS stored_in, r.id, r.created_at, r.started_at, r.completed_at FROM written_runs AS r
    UNION ALL
    SELECT 'node_runs' AS stored_in, n.id, n.created_at, n.started_at, n.completed_at FROM written_node_runs AS n
) AS w
WHERE w.completed_at < w.started_at - INTERVAL 1 SECOND
   OR w.completed_at < w.created_at - INTERVAL 1 SECOND
   OR w.started_at < w.created_at - INTERVAL 1 SECOND
ORDER BY w.stored_in, w.id;
