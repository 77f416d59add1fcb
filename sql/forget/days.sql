-- The partitions of {table} that hold a row which was changed here, and how many rows those are.
SELECT {day} AS day, count(*) AS rows
FROM warehouse.main.{table} AS t
WHERE t._load_id = $load
GROUP BY day
ORDER BY day;
