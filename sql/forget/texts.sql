-- The texts of {table} no longer speak of a forgotten person; a value that said nothing else is as if never said.
UPDATE {table} AS t
SET {replaced}{marked}
FROM given_rows AS g
WHERE t.rowid = g._row;
