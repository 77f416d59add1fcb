-- None stored is another check's; so are logs; and a run that was not asked for yet.
INSERT INTO warehouse.ledger.incomplete_runs BY NAME
SELECT uid(c.n) AS run_id, c.missing, 3 AS expected, c.stored, c.asks
FROM (VALUES (1, 'logs', 0, 1), (2, 'node_runs', 0, 1), (3, 'node_runs', 2, 0)) AS c (n, missing, stored, asks);
