-- One row per id that was seen more than once or is stored, by the merge rule: each column has the value of the last observation that knows it.
-- Observations are in the order of the ledger, final ones after unfinished ones. An unfinished copy that comes after
-- a final one is stale: it only fills what nobody knew. A bit of _absent is set where there is no information.
CREATE OR REPLACE TEMP TABLE resolved_{table} AS
WITH ranked AS (
    SELECT
        o.*,
        CASE
            WHEN o._terminal THEN 2
            WHEN o._observation > min(o._observation) FILTER (WHERE o._terminal) OVER (PARTITION BY o.id) THEN 0
            ELSE 1
        END AS _rank
    FROM observed_{table} AS o
),

placed AS (
    SELECT
        r.*,
        row_number() OVER (
            PARTITION BY r.id
            ORDER BY r._rank, CASE r._rank WHEN 0 THEN -r._observation ELSE r._observation END, NOT r._stored
        ) AS _place
    FROM ranked AS r
),

folded AS (
    SELECT
        p.id,
        {folded},
        arg_max_null(p.extra, p._place) AS extra,
        {marks}max(p._fetched_at) FILTER (WHERE p._place = p._last) AS _fetched_at,
        max(p._observation) FILTER (WHERE p._place = p._last) AS _observation,
        bit_and(p._absent) AS _absent,
        bool_or(p._terminal) AS _terminal
    FROM (SELECT q.*, max(q._place) OVER (PARTITION BY q.id) AS _last FROM placed AS q) AS p
    GROUP BY p.id
)

SELECT f.*, {digest} AS _row_hash
FROM folded AS f;
