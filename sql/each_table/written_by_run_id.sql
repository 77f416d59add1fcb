-- The rows of {table} that this commit wrote, as they are stored now: a copy for each time an id is stored.
-- For logs and node_runs: their ids say nothing about time, so the runs of the batch bound what is read. A row that was
-- stored without its run lies outside of them. {columns} leaves out free text and JSON, which can be large.
CREATE OR REPLACE TEMP TABLE written_{table} AS
SELECT {columns}
FROM warehouse.main.{table} AS t
WHERE t.run_id IN (SELECT s.run_id FROM stage_{table} AS s)
  AND t.id IN (SELECT c.id FROM changed_{table} AS c)
UNION ALL
SELECT {columns}
FROM warehouse.main.{table} AS t
WHERE t.run_id IS NULL
  AND t.id IN (SELECT c.id FROM changed_{table} AS c);
