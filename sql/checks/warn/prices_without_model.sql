-- No price in force is of a model that is not stored.
-- Of each such model the id is told once, however many prices it has.
-- What to do: see `flowledger rejects list`, and whether the key may read models; a deleted one does not come back.
SELECT DISTINCT p.model_id::VARCHAR AS key
FROM warehouse.main.pricing AS p
WHERE p._removed_at IS NULL
  AND p.model_id IS NOT NULL
  AND p.model_id NOT IN (SELECT m.id FROM warehouse.main.models AS m WHERE m.id IS NOT NULL)
ORDER BY key;
