-- Of the rows that this batch observes, those that are stored where they are looked for, as far as a comparison needs them.
INSERT INTO known_{table} BY NAME
SELECT
    t.id,
    t.{key} AS _key,
    {day} AS old_day,
    t._row_hash,
    t._absent,
    t._terminal,
    {marked} AS _marked
FROM {rows} AS t
WHERE t.id IN (SELECT s.id FROM stage_{table} AS s WHERE {wanted});
