-- The model is stored; none is named; the price is no longer in force.
INSERT INTO warehouse.main.models BY NAME SELECT uid(1) AS id;
INSERT INTO warehouse.main.pricing BY NAME SELECT uid(1) AS id, uid(1) AS model_id;
INSERT INTO warehouse.main.pricing BY NAME SELECT uid(2) AS id;
INSERT INTO warehouse.main.pricing BY NAME
SELECT uid(3) AS id, uid(9) AS model_id, '2026-11-20 00:00:00Z'::TIMESTAMPTZ AS _removed_at;
