-- No run has been open for more than 30 days.
-- A run without a time of creation is as old as our knowledge of it.
-- What to do: ask the vendor what became of the run; it is read again until it has ended or answers 404.
SELECT o.run_id::VARCHAR AS key, coalesce(o.created_at, o.first_seen_at) AS since
FROM warehouse.ledger.open_runs AS o
WHERE coalesce(o.created_at, o.first_seen_at) < $now - INTERVAL 30 DAY
ORDER BY since, key;
