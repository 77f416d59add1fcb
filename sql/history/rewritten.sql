-- Rows of {table} whose stored versions are not what they were folded to.
CREATE OR REPLACE TEMP TABLE rewritten_{table} AS
SELECT DISTINCT d.id
FROM (
    SELECT v.id, v.valid_from, v.valid_to, v.assumed, v._row_hash, count(*) AS copies
    FROM (
        SELECT f.id, f.valid_from, f.valid_to, f.assumed, f._row_hash FROM versions_{table} AS f
        UNION ALL
        SELECT h.id, h.valid_from, h.valid_to, h.assumed, h._row_hash
        FROM warehouse.main.{table}_history AS h
        WHERE h.id IN (SELECT u.id FROM unsettled_history_{table} AS u)
    ) AS v
    GROUP BY ALL
    HAVING count(*) <> 2
) AS d;
