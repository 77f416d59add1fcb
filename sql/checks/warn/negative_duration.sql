-- No run and no node run lasts less than no time.
-- What to do: leave these rows out of averages of duration_ms; it is stored as it was given.
SELECT r.id::VARCHAR AS key, 'runs' AS stored_in, r.duration_ms
FROM written_runs AS r
WHERE r.duration_ms < 0
UNION ALL
SELECT n.id::VARCHAR AS key, 'node_runs' AS stored_in, n.duration_ms
FROM written_node_runs AS n
WHERE n.duration_ms < 0
ORDER BY stored_in, key;
