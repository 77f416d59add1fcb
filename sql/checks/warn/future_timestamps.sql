-- No row was created more than an hour after it was received.
-- What to do: set the clock of this machine if it is slow; otherwise report the rows to the vendor.
SELECT w.id::VARCHAR AS key, w.stored_in, w.at, w._fetched_at
FROM (
    SELECT 'logs' AS stored_in, l.id, l.timestamp AS at, l._fetched_at FROM written_logs AS l
    UNION ALL
    SELECT 'runs' AS stored_in, r.id, r.created_at AS at, r._fetched_at FROM written_runs AS r
    UNION ALL
    SELECT 'node_runs' AS stored_in, n.id, n.created_at AS at, n._fetched_at FROM written_node_runs AS n
    UNION ALL
    SELECT 'flows' AS stored_in, f.id, f.created_at AS at, f._fetched_at FROM written_flows AS f
    UNION ALL
    SELECT 'models' AS stored_in, m.id, m.created_at AS at, m._fetched_at FROM written_models AS m
    UNION ALL
    SELECT 'pricing' AS stored_in, p.id, p.created_at AS at, p._fetched_at FROM written_pricing AS p
) AS w
WHERE w.at > w._fetched_at + INTERVAL 1 HOUR
ORDER BY w.stored_in, w.id;
