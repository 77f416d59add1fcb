-- The rows of {table} that this commit wrote, as they are stored now: a copy for each time an id is stored.
-- For tables whose ids are ordered by time or that are small, and for any batch that names a row without its run.
-- {columns} leaves out free text and JSON, which can be large.
CREATE OR REPLACE TEMP TABLE written_{table} AS
SELECT {columns}
FROM warehouse.main.{table} AS t
WHERE t.id IN (SELECT c.id FROM changed_{table} AS c);
