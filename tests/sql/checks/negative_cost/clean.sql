-- Nothing, no cost yet, the smallest cost; and a negative one that an earlier commit wrote.
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(n) AS id, [0, NULL, 0.000000000000000001][n] AS cost, 'now' AS _load_id FROM range(1, 4) AS r(n);
INSERT INTO warehouse.main.runs BY NAME SELECT uid(9) AS id, -1 AS cost, 'before' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(1) AS id, uid(1) AS run_id, 0 AS cost, 'now' AS _load_id;
