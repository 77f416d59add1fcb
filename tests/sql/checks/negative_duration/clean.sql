-- No time at all, and none known yet.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 0 AS duration_ms, 'now' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(2) AS id, uid(1) AS run_id, 'now' AS _load_id;
