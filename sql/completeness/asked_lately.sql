-- Incomplete runs that were asked for so lately that asking again would be in vain: pauses grow with their age, from a day.
SELECT i.run_id::VARCHAR AS run_id, i.missing
FROM warehouse.ledger.incomplete_runs AS i
WHERE i.last_asked_at <= $now
  AND $now < i.last_asked_at + greatest(($now - i.first_seen_at) / 5, INTERVAL 20 HOUR)
