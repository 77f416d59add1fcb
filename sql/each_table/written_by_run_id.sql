-- The rows of {table} that this commit wrote, as they are stored now: a copy for each time an id is stored.
-- {table} is logs or node_runs. Their ids say nothing about time, so the runs of the batch bound the scan; the second
-- and third part find what the first cannot: rows stored without a run, and rows that this batch names without one.
CREATE OR REPLACE TEMP VIEW written_{table} AS
SELECT t.*
FROM warehouse.main.{table} AS t
WHERE t.run_id IN (SELECT s.run_id FROM stage_{table} AS s)
  AND t.id IN (SELECT c.id FROM changed_{table} AS c)
UNION ALL
SELECT t.*
FROM warehouse.main.{table} AS t
WHERE t.run_id IS NULL
  AND t.id IN (SELECT c.id FROM changed_{table} AS c)
UNION ALL
SELECT t.*
FROM warehouse.main.{table} AS t
WHERE t.run_id NOT IN (SELECT s.run_id FROM stage_{table} AS s WHERE s.run_id IS NOT NULL)
  AND t.id IN (SELECT s.id FROM stage_{table} AS s WHERE s.run_id IS NULL)
  AND t.id IN (SELECT c.id FROM changed_{table} AS c);
