-- Found: 2, 3.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.logs BY NAME SELECT uid(1) AS id, uid(1) AS run_id, 'now' AS _load_id;
INSERT INTO warehouse.main.logs BY NAME
SELECT uid(n) AS id, uid(9) AS run_id, 'now' AS _load_id FROM range(2, 4) AS r(n);
