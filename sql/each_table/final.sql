-- The resolved rows to write: those that are new, and those of which the API now says something else than what is stored.
CREATE OR REPLACE TEMP TABLE final_{table} AS
SELECT
    r.*,
    $now::TIMESTAMPTZ AS _loaded_at,
    $load AS _load_id,
    k.id IS NULL AS _new,
    k.old_day,
    {new_day} AS new_day
FROM resolved_{table} AS r
LEFT JOIN known_{table} AS k ON r.id = k.id
WHERE
    k.id IS NULL
    OR r._row_hash <> k._row_hash
    OR r._absent <> k._absent
    OR r._terminal <> k._terminal
    OR (k._marked AND NOT {still_marked});
