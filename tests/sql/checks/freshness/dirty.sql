-- Found: logs, runs.
-- A microsecond more than two days; more than five times the longest pause, and a row of the future changes nothing.
INSERT INTO warehouse.ledger.watermarks BY NAME
SELECT 'nightly' AS name, '2026-11-24 06:00:00Z'::TIMESTAMPTZ AS "value";
INSERT INTO warehouse.main.logs BY NAME
SELECT uid(n) AS id, '2026-11-22 05:59:59.999999Z'::TIMESTAMPTZ - n * INTERVAL 1 HOUR AS "timestamp"
FROM range(240) AS r(n);
INSERT INTO warehouse.main.logs BY NAME
SELECT uid(999) AS id, '9999-12-31 23:59:59Z'::TIMESTAMPTZ AS "timestamp";
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(n) AS id, '2026-11-19 05:59:59Z'::TIMESTAMPTZ - n * INTERVAL 1 DAY AS created_at FROM range(9) AS r(n);
