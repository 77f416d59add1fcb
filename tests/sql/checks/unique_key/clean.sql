-- The same id in two tables; a duplicate that this commit did not touch; many logs of one run; rows without a run.
INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.flows BY NAME SELECT uid(1) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.models BY NAME SELECT uid(2) AS id, 'before' AS _load_id FROM range(2);
INSERT INTO warehouse.main.logs BY NAME SELECT uid(n) AS id, uid(1) AS run_id, 'now' AS _load_id FROM range(5) AS r(n);
INSERT INTO warehouse.main.logs BY NAME SELECT uid(n) AS id, 'now' AS _load_id FROM range(5, 8) AS r(n);
INSERT INTO warehouse.main.logs BY NAME SELECT uid(9) AS id, uid(1) AS run_id, 'before' AS _load_id FROM range(2);
