-- A run of which node runs are missing, and one whose logs were not asked for by its id yet.
INSERT INTO warehouse.ledger.incomplete_runs BY NAME
SELECT uid(c.n) AS run_id, c.missing, 1 AS expected, 0 AS stored, c.asks
FROM (VALUES (1, 'node_runs', 1), (2, 'logs', 0)) AS c (n, missing, asks);
