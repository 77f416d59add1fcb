-- Found: 1.
-- Three are expected and none is stored; beside it a run of which one is stored.
INSERT INTO warehouse.ledger.incomplete_runs BY NAME
SELECT uid(c.n) AS run_id, 'node_runs' AS missing, 3 AS expected, c.stored, 1 AS asks
FROM (VALUES (1, 0), (2, 1)) AS c (n, stored);
