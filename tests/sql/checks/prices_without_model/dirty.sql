-- Found: 8, 9.
INSERT INTO warehouse.main.models BY NAME SELECT uid(1) AS id;
INSERT INTO warehouse.main.pricing BY NAME SELECT uid(9) AS id;
INSERT INTO warehouse.main.pricing BY NAME
SELECT uid(n) AS id, uid([1, 9, 8, 9][n]) AS model_id FROM range(1, 5) AS r(n);
