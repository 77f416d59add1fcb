-- The digest of each version of a row of {table} is that of what it says now.
UPDATE warehouse.main.{table}_history AS h
SET _row_hash = {digest}
WHERE h._row_hash IS DISTINCT FROM {digest};
