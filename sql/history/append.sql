-- Each version that is not stored yet is one more row of the history.
INSERT INTO warehouse.main.{table}_history BY NAME
SELECT v.id, v.valid_from, v.valid_to, v.assumed, {columns}, $load AS _load_id, v._row_hash
FROM versions_{table} AS v
WHERE NOT EXISTS (
    SELECT 1 AS one
    FROM warehouse.main.{table}_history AS h
    WHERE h.id = v.id AND h.valid_from = v.valid_from
);
