-- Found: logs, logs, runs, runs.
-- Each of the two rows is found as it was staged and as it was written.
INSERT INTO warehouse.main.logs BY NAME SELECT uid(1) AS run_id, 41 AS _observation, 'now' AS _load_id;
INSERT INTO warehouse.main.runs BY NAME SELECT 42 AS _observation, 'now' AS _load_id;
INSERT INTO warehouse.main.flows BY NAME SELECT uid(2) AS id, 'now' AS _load_id;
