-- The rows to write are in the table, within one reach; the reach bounds what the statement has to read of it.
MERGE INTO warehouse.main.{table} AS t
USING (
    SELECT f.* EXCLUDE (_new, _key, old_day, new_day)
    FROM final_{table} AS f
    WHERE {reach_of_final}
    ORDER BY f.{key}, f.id
) AS s
ON t.id = s.id AND {reach}
WHEN MATCHED THEN UPDATE SET {assignments}
WHEN NOT MATCHED THEN INSERT BY NAME;
