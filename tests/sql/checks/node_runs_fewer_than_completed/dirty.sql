-- Found: 1, 2.
-- One of three stored, and two of three.
INSERT INTO warehouse.ledger.incomplete_runs BY NAME
SELECT uid(c.n) AS run_id, 'node_runs' AS missing, 3 AS expected, c.stored, 1 AS asks
FROM (VALUES (1, 1), (2, 2)) AS c (n, stored);
