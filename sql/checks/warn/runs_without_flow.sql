-- No run names a flow that is not stored.
-- Of each such flow the id is told once, however many runs name it.
-- What to do: see `flowledger rejects list`, and whether the key may read flows; a deleted one does not come back.
SELECT DISTINCT r.flow_id::VARCHAR AS key
FROM warehouse.main.runs AS r
WHERE r.created_at >= $start
  AND r.created_at < $end
  AND r.flow_id IS NOT NULL
  AND r.flow_id NOT IN (SELECT s.id FROM warehouse.main.flows AS s WHERE s.id IS NOT NULL)
ORDER BY key;
