-- Drift that the ledger knows is counted on, and has been seen until now; an unknown field gets its type once it has one.
UPDATE warehouse.ledger.drift AS d
SET
    first_seen_at = least(d.first_seen_at, g.first_seen_at),
    last_seen_at = greatest(d.last_seen_at, g.last_seen_at),
    count = d.count + g.count,
    sample_id = coalesce(d.sample_id, g.sample_id),
    detail = coalesce(d.detail, g.detail)
FROM given_drift AS g
WHERE d.table_name = g.table_name
  AND d.path = g.path
  AND d.kind = g.kind
  AND (d.kind NOT IN ('type', 'code') OR d.detail = g.detail);
