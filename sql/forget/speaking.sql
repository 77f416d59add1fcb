-- Rows of {table} of which a text holds one of the words that a forgotten person goes by.
SELECT t.rowid AS _row, {columns}
FROM {table} AS t
WHERE {speaks};
