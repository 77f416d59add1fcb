-- Resolved rows are in the table: those that are not stored yet, and those whose stored copies were taken out.
INSERT INTO warehouse.main.{table} BY NAME
SELECT f.* EXCLUDE (_new, old_day, new_day)
FROM final_{table} AS f
ORDER BY f.{key}, f.id;
