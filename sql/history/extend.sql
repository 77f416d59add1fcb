-- An open span of sightings reaches to the last look at it; rows that are folded anew are left to that.
UPDATE warehouse.ledger.{table}_sightings AS k
SET
    _last_updated_at = CASE WHEN l.is_later THEN coalesce(l.updated_at, k._last_updated_at) ELSE k._last_updated_at END,
    _last_observation = CASE WHEN l.is_later THEN l.observation ELSE k._last_observation END,
    _last_seen_at = greatest(k._last_seen_at, l.newest)
FROM (
    SELECT
        p.id,
        p._digest,
        p.updated_at,
        p.observation,
        max(p.seen_at) OVER (PARTITION BY p.id, p._digest) AS newest,
        coalesce(p.updated_at > o._last_updated_at, false)
        OR (
            coalesce(p.updated_at, o._last_updated_at) IS NOT DISTINCT FROM o._last_updated_at
            AND p.observation > o._last_observation
        ) AS is_later
    FROM sighted_{table} AS p
    INNER JOIN warehouse.ledger.{table}_sightings AS o ON p.id = o.id AND p._digest = o._digest
    WHERE o._open AND p.id NOT IN (SELECT u.id FROM unsettled_history_{table} AS u)
    QUALIFY
        row_number() OVER (
            PARTITION BY p.id, p._digest ORDER BY p.updated_at DESC NULLS LAST, p.observation DESC
        ) = 1
) AS l
WHERE k.id = l.id AND k._digest = l._digest AND k._open AND (l.is_later OR l.newest > k._last_seen_at);
