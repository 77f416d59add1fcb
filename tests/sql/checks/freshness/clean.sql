-- Silent for two days to the microsecond; for longer, but for five times the longest pause to the second.
INSERT INTO warehouse.ledger.watermarks BY NAME
SELECT 'nightly' AS name, '2026-11-24 06:00:00Z'::TIMESTAMPTZ AS "value";
INSERT INTO warehouse.main.logs BY NAME
SELECT uid(n) AS id, '2026-11-22 06:00:00Z'::TIMESTAMPTZ - n * INTERVAL 1 HOUR AS "timestamp" FROM range(240) AS r(n);
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(n) AS id, '2026-11-19 06:00:00Z'::TIMESTAMPTZ - n * INTERVAL 1 DAY AS created_at FROM range(9) AS r(n);
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(10) AS id, '9999-12-31 23:59:59Z'::TIMESTAMPTZ AS created_at;
