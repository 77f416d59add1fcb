-- Codes that the ledger knows are counted on, and have been seen until now.
UPDATE warehouse.ledger.codes AS c
SET last_seen_at = greatest(c.last_seen_at, g.last_seen_at), count = c.count + g.count
FROM given_codes AS g
WHERE c.table_name = g.table_name
  AND c.column_name = g.column_name
  AND c.value = g.value;
