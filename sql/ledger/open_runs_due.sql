-- Open runs created before $before that are due: the older a run, the longer it is left alone, but every night has it.
-- Twenty hours and not a day: a night that begins a minute earlier than the last must not miss it.
SELECT o.run_id::VARCHAR AS run_id
FROM warehouse.ledger.open_runs AS o
WHERE (o.created_at IS NULL OR o.created_at < $before)
  AND (
      o.last_read_at IS NULL
      OR $now >= o.last_read_at + least(($now - coalesce(o.created_at, o.first_seen_at)) / 10, INTERVAL 20 HOUR)
  )
ORDER BY o.created_at NULLS FIRST, o.run_id;
