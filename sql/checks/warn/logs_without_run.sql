-- No log names a run that is not stored.
-- A log that names no run at all is as the API sent it.
-- What to do: look for the run in `flowledger rejects list`; a run that was deleted at the source does not come back.
WITH named AS (
    SELECT l.id, l.run_id
    FROM written_logs AS l
    WHERE l.run_id IS NOT NULL
),

stored AS (
    SELECT r.id
    FROM warehouse.main.runs AS r
    WHERE r.id IN (SELECT n.run_id FROM named AS n)
)

SELECT n.id::VARCHAR AS key, n.run_id::VARCHAR AS run_id
FROM named AS n
WHERE n.run_id NOT IN (SELECT s.id FROM stored AS s)
ORDER BY key;
