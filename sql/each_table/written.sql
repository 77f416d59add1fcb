-- The rows of {table} that this commit changed, as they are stored now: a copy for each time an id is stored.
-- {columns} leaves out what no check names, and free text and JSON, which can be large.
INSERT INTO written_{table} BY NAME
SELECT {columns}
FROM {rows} AS t
WHERE t.id IN (SELECT c.id FROM changed_{table} AS c);
