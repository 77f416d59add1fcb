-- No version stands that what was seen since has moved: it begins elsewhere, or was not so.
DELETE FROM warehouse.main.{table}_history AS h
WHERE
    h.id IN (SELECT r.id FROM rewritten_{table} AS r)
    AND NOT EXISTS (
        SELECT 1 AS one
        FROM versions_{table} AS v
        WHERE
            v.id = h.id
            AND v.valid_from = h.valid_from
            AND v.assumed = h.assumed
            AND v._row_hash = h._row_hash
    );
