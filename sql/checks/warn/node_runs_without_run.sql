-- No node run names a run that is not stored.
-- A node run that names no run at all is as the API sent it.
-- What to do: look for the run in `flowledger rejects list`; a run that was deleted at the source does not come back.
WITH stored AS (
    SELECT r.id
    FROM warehouse.main.runs AS r
    WHERE r.id IN (SELECT w.run_id FROM written_node_runs AS w)
)

SELECT w.id::VARCHAR AS key, w.run_id::VARCHAR AS run_id
FROM written_node_runs AS w
WHERE w.run_id IS NOT NULL
  AND w.run_id NOT IN (SELECT s.id FROM stored AS s)
ORDER BY key;
