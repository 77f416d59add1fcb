-- Of the changed rows of {table}, those whose tracked columns differ from the newest version, with where it begins.
-- A first version begins at created_at, which is assumed unless the row has not changed since; a later one where the
-- source says that it changed, and if that cannot be, where it was seen. It ends where the source ends it. A row that
-- was removed and is listed again begins a new version when it is seen.
CREATE OR REPLACE TEMP TABLE versions_{table} AS
WITH newest AS (
    SELECT h.id, h.valid_from, h.valid_to, h._row_hash
    FROM warehouse.main.{table}_history AS h
    WHERE h.id IN (SELECT c.id FROM changed_{table} AS c)
    QUALIFY row_number() OVER (PARTITION BY h.id ORDER BY h.valid_from DESC) = 1
),

now_stored AS (
    SELECT t.*, {digest} AS _tracked_hash, {ends} AS _ends
    FROM warehouse.main.{table} AS t
    WHERE t.id IN (SELECT c.id FROM changed_{table} AS c)
),

begun AS (
    SELECT
        s.*,
        n.id IS NOT NULL AS _follows,
        n.valid_from AS _last_from,
        CASE
            WHEN n.id IS NULL THEN coalesce(s.created_at, s.updated_at, s._fetched_at)
            WHEN n._row_hash = s._tracked_hash THEN greatest(s._fetched_at, n.valid_to)
            WHEN s._ends > n.valid_from AND s._ends < s.updated_at THEN s._ends
            WHEN s.updated_at > n.valid_from THEN s.updated_at
            ELSE greatest(s._fetched_at, n.valid_from + INTERVAL 1 MICROSECOND)
        END AS valid_from
    FROM now_stored AS s
    LEFT JOIN newest AS n ON s.id = n.id
    WHERE n.id IS NULL OR n._row_hash <> s._tracked_hash OR (n.valid_to IS NOT NULL AND s._ends IS NULL)
)

SELECT
    b.*,
    CASE WHEN b._ends IS NOT NULL THEN greatest(b._ends, b.valid_from) END AS valid_to,
    NOT b._follows AND b.created_at IS DISTINCT FROM b.updated_at AS assumed
FROM begun AS b;
