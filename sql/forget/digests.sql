-- The digest of each row of {table} that was changed here is that of what it says now.
UPDATE warehouse.main.{table} AS t
SET _row_hash = {digest}
WHERE t._load_id = $load;
