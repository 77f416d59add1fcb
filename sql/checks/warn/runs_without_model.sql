-- No run names a model that is not stored.
-- Of each such model the id is told once, however many runs name it.
-- What to do: see `flowledger rejects list`, and whether the key may read models; a deleted one does not come back.
SELECT DISTINCT r.model_id::VARCHAR AS key
FROM warehouse.main.runs AS r
WHERE r.created_at >= $start
  AND r.created_at < $end
  AND r.model_id IS NOT NULL
  AND r.model_id NOT IN (SELECT s.id FROM warehouse.main.models AS s WHERE s.id IS NOT NULL)
ORDER BY key;
