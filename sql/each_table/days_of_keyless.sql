-- Each day on which rows of this batch are stored without the key that they now have.
-- Rows without a key are gathered first, alone: DuckDB has no statistics that find them, and would read all ids with them.
WITH keyless AS MATERIALIZED (
    SELECT t.id, (t."{day}" AT TIME ZONE 'UTC')::DATE AS day
    FROM warehouse.main.{table} AS t
    WHERE t.{key} IS NULL
)

SELECT DISTINCT k.day
FROM keyless AS k
WHERE k.id IN (SELECT s.id FROM stage_{table} AS s WHERE {wanted});
