-- Ids of which this batch may change something: not every observation of them repeats what is stored.
CREATE OR REPLACE TEMP TABLE unsettled_{table} AS
SELECT s.id, count(*) AS observations, bool_or(k.id IS NOT NULL) AS stored
FROM stage_{table} AS s
LEFT JOIN known_{table} AS k ON s.id = k.id
GROUP BY s.id
HAVING NOT coalesce(
    bool_and(
        s._row_hash = k._row_hash
        AND s._absent & k._absent = k._absent
        AND (k._terminal OR NOT s._terminal)
        AND NOT k._marked
    ),
    false
);
