-- The version that was the newest ends where the next one begins, unless the source ended it before.
UPDATE warehouse.main.{table}_history AS h
SET valid_to = v.valid_from
FROM versions_{table} AS v
WHERE h.id = v.id AND h.valid_from = v._last_from AND (h.valid_to IS NULL OR h.valid_to > v.valid_from);
