-- Open runs created before $before that are due: the older a run, the longer it is left alone. For a month every night
-- has it (twenty hours and not a day: a night that begins a minute earlier than the last must not miss it); after that
-- the pauses grow with its age, or runs that never end would fill the nights.
SELECT o.run_id::VARCHAR AS run_id
FROM warehouse.ledger.open_runs AS o
WHERE (o.created_at IS NULL OR o.created_at < $before)
  AND (
      o.last_read_at IS NULL
      OR $now >= o.last_read_at + CASE
          WHEN $now - coalesce(o.created_at, o.first_seen_at) > INTERVAL 30 DAY
              THEN ($now - coalesce(o.created_at, o.first_seen_at)) / 20
          ELSE least(($now - coalesce(o.created_at, o.first_seen_at)) / 10, INTERVAL 20 HOUR)
      END
  )
ORDER BY o.created_at NULLS FIRST, o.run_id;
