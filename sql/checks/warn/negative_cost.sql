-- No run and no node run costs less than nothing.
-- What to do: ask the vendor whether it is a refund; the cost is stored and added up as it was given.
SELECT r.id::VARCHAR AS key, 'runs' AS stored_in, r.cost
FROM written_runs AS r
WHERE r.cost < 0
UNION ALL
SELECT n.id::VARCHAR AS key, 'node_runs' AS stored_in, n.cost
FROM written_node_runs AS n
WHERE n.cost < 0
ORDER BY stored_in, key;
