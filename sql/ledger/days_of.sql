-- Every UTC day that rows of {table} lay on before the rebuild, so that a file of a day that is empty now goes too.
SELECT DISTINCT coalesce((b.{day} AT TIME ZONE 'UTC')::DATE::VARCHAR, 'unknown') AS day
FROM before.main.{table} AS b;
