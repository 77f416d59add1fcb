-- Found: 1, 4, 2, 3.
INSERT INTO warehouse.main.logs BY NAME
SELECT
    uid(n) AS id,
    CASE WHEN n = 1 THEN uid(1) END AS run_id,
    '2026-11-22 11:00:00.000001Z'::TIMESTAMPTZ AS "timestamp",
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS _fetched_at,
    'now' AS _load_id
FROM (VALUES (1), (4)) AS c (n);
INSERT INTO warehouse.main.pricing BY NAME
SELECT
    uid(2) AS id,
    '9999-12-31 23:59:59Z'::TIMESTAMPTZ AS created_at,
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS _fetched_at,
    'now' AS _load_id;
INSERT INTO warehouse.main.runs BY NAME
SELECT
    uid(3) AS id,
    '2026-11-23 10:00:00Z'::TIMESTAMPTZ AS created_at,
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS _fetched_at,
    'now' AS _load_id;
