-- No column of {table} that holds an id names a forgotten person; what stood there counts as never said.
UPDATE {table} AS t
SET {emptied}{marked}
WHERE {named};
