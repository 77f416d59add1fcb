-- Logs that are missing, node runs that were not asked for yet, and a run of which some node runs are stored.
INSERT INTO warehouse.ledger.incomplete_runs BY NAME
SELECT uid(c.n) AS run_id, c.missing, 3 AS expected, c.stored, c.asks
FROM (VALUES (1, 'logs', 0, 1), (2, 'node_runs', 0, 0), (3, 'node_runs', 2, 1)) AS c (n, missing, stored, asks);
