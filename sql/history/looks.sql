-- All that was seen of the rows of {table} to be folded anew: what is stored, and each look of this batch as its own span.
SELECT k.*
FROM warehouse.ledger.{table}_sightings AS k
WHERE k.id IN (SELECT u.id FROM unsettled_history_{table} AS u)
UNION ALL BY NAME
SELECT
    s.id,
    {tracked},
    s.created_at,
    {said} AS _digest,
    false AS _missing,
    {mask} AS _absent,
    s.updated_at IS NOT NULL AS _dated,
    s.updated_at AS _first_updated_at,
    s._observation AS _first_observation,
    s._fetched_at AS _first_seen_at,
    s.updated_at AS _last_updated_at,
    s._observation AS _last_observation,
    s._fetched_at AS _last_seen_at,
    true AS _open
FROM stage_{table} AS s
WHERE s.id IN (SELECT u.id FROM unsettled_history_{table} AS u)
UNION ALL BY NAME
SELECT
    p.id,
    p._digest,
    true AS _missing,
    p.seen_at AS _first_seen_at,
    p.seen_at AS _last_seen_at,
    true AS _open
FROM sighted_{table} AS p
WHERE p._digest = 'missing' AND p.id IN (SELECT u.id FROM unsettled_history_{table} AS u);
