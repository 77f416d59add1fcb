-- Found: 2, 1.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, -1 AS duration_ms, 'now' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME
SELECT uid(2) AS id, uid(1) AS run_id, -1 AS duration_ms, 'now' AS _load_id;
