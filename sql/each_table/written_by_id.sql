-- The rows of {table} that this commit wrote, as they are stored now: a copy for each time an id is stored.
-- {table} is runs, flows, models or pricing. The ids bound the scan, so that it does not grow with the table.
CREATE OR REPLACE TEMP VIEW written_{table} AS
SELECT t.*
FROM warehouse.main.{table} AS t
WHERE t.id IN (SELECT c.id FROM changed_{table} AS c);
