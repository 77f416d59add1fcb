-- Of ended_runs a few by lot that have logs and lie in one span that was read whole (given_spans): another few each load.
SELECT e.id::VARCHAR AS run_id
FROM ended_runs AS e
WHERE e.has_logs
  AND e.id NOT IN (SELECT i.run_id FROM warehouse.ledger.incomplete_runs AS i)
  AND EXISTS (SELECT 1 FROM given_spans AS s WHERE s.start_at <= e.created_at AND e.completed_at < s.end_at)
ORDER BY hash(e.id::VARCHAR || $lot), e.id
LIMIT $most
