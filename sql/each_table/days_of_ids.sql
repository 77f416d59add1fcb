-- Each day on which ids of this batch are stored, looked for in the whole table because their keys tell no day.
-- Of the table only ids are read, and the days of those that are found.
SELECT DISTINCT (t."{day}" AT TIME ZONE 'UTC')::DATE AS day
FROM warehouse.main.{table} AS t
WHERE t.id IN (SELECT s.id FROM stage_{table} AS s WHERE {wanted});
