-- The run came with the node run; it was stored before; no run is named; the node run of an earlier commit has none.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.runs BY NAME SELECT uid(2) AS id, 'before' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME
SELECT uid(n) AS id, uid(n) AS run_id, 'now' AS _load_id FROM range(1, 3) AS r(n);
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(3) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(4) AS id, uid(4) AS run_id, 'before' AS _load_id;
