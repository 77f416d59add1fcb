-- Every row has its id; other columns may be empty.
INSERT INTO warehouse.main.logs BY NAME SELECT uid(1) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.pricing BY NAME SELECT uid(2) AS id, 'now' AS _load_id;
