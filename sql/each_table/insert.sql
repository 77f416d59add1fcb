-- Rows that were seen once and are not stored are in the table as they came: there is nothing to resolve.
INSERT INTO warehouse.main.{table} BY NAME
SELECT s.*, $now::TIMESTAMPTZ AS _loaded_at, $load AS _load_id
FROM stage_{table} AS s
WHERE {lone}
ORDER BY s.{key}, s.id;
