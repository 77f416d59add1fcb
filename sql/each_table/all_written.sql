-- Every stored row of {table}, as a check of a commit sees the rows that a commit wrote. {columns} as for a commit.
-- A row without an id is shown once, as staged.
CREATE OR REPLACE TEMP VIEW written_{table} AS
SELECT {columns}
FROM warehouse.main.{table} AS t;
CREATE OR REPLACE TEMP VIEW stage_{table} AS
SELECT t.*
FROM warehouse.main.{table} AS t;
CREATE OR REPLACE TEMP VIEW changed_{table} AS
SELECT t.id, 'update' AS action
FROM warehouse.main.{table} AS t
WHERE t.id IS NOT NULL;
