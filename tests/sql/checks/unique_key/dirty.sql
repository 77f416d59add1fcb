-- Found: 5, 2, 3, 4, 1.
-- A stored row and the one written now; one written twice; one stored without its run and written again with it.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 'before' AS _load_id;
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.logs BY NAME SELECT uid(2) AS id, uid(1) AS run_id, 'now' AS _load_id FROM range(2);
INSERT INTO warehouse.main.logs BY NAME SELECT uid(3) AS id, 'before' AS _load_id;
INSERT INTO warehouse.main.logs BY NAME SELECT uid(3) AS id, uid(1) AS run_id, 'now' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(4) AS id, uid(1) AS run_id, 'before' AS _load_id;
INSERT INTO warehouse.main.node_runs BY NAME SELECT uid(4) AS id, uid(1) AS run_id, 'now' AS _load_id;
INSERT INTO warehouse.main.flows BY NAME SELECT uid(5) AS id, 'now' AS _load_id FROM range(2);
