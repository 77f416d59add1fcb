-- A version that stays ends where the one after it begins, or where the row was disabled, deleted or removed.
UPDATE warehouse.main.{table}_history AS h
SET valid_to = v.valid_to
FROM versions_{table} AS v
WHERE h.id = v.id AND h.valid_from = v.valid_from AND h.valid_to IS DISTINCT FROM v.valid_to;
