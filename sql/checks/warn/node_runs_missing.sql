-- No run that has ended says that it has node runs of which none is stored.
-- Such a run was asked for its node runs by its id, and the source gave none.
-- What to do: ask the vendor; it is asked again for two weeks, and then by `flowledger reconcile --heal`.
SELECT i.run_id::VARCHAR AS key, i.created_at, i.expected
FROM warehouse.ledger.incomplete_runs AS i
WHERE i.missing = 'node_runs' AND i.stored = 0 AND i.asks > 0
ORDER BY key;
