-- No row of {table}, in the form of those that a commit writes: this one wrote none.
CREATE OR REPLACE TEMP TABLE written_{table} AS
SELECT {columns}
FROM warehouse.main.{table} AS t
LIMIT 0;
