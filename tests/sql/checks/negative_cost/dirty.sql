-- Found: 3, 4, 1.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, -0.000000000000000001 AS cost, 'now' AS _load_id;
INSERT INTO warehouse.main.runs BY NAME SELECT uid(2) AS id, 1 AS cost, 'now' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(3) AS id, uid(1) AS run_id, -2 AS cost, 'now' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(4) AS id, -2 AS cost, 'now' AS _load_id;
