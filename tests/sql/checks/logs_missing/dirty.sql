-- Found: 1, 3.
-- Asked once, asked often; not asked yet.
INSERT INTO warehouse.ledger.incomplete_runs BY NAME
SELECT uid(c.n) AS run_id, 'logs' AS missing, 1 AS expected, 0 AS stored, c.asks
FROM (VALUES (1, 1), (2, 0), (3, 12)) AS c (n, asks);
