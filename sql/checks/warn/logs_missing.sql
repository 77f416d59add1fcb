-- No run that has ended says that it has logs of which none is stored.
-- Such a run was asked for its logs by its id, and the source gave none.
-- What to do: ask the vendor whether logs are kept for so long; it is asked again for two weeks, and then by `flowledger reconcile --heal`.
SELECT i.run_id::VARCHAR AS key, i.created_at
FROM warehouse.ledger.incomplete_runs AS i
WHERE i.missing = 'logs' AND i.asks > 0
ORDER BY key;
