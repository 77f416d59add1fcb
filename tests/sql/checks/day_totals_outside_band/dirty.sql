-- Found: 2026-11-11, 2026-11-18, 2026-11-20, 2026-11-23.
-- Weeks of 40 runs on a working day and 10 on a weekend. Then a day of as many runs that cost more; one of one run
-- above half as many again; one of one run below half; and one without runs, the last that has ended.
INSERT INTO warehouse.ledger.windows BY NAME
SELECT
    '2026-10-01 00:00:00Z'::TIMESTAMPTZ AS runs_from, '2026-11-24 06:00:00Z'::TIMESTAMPTZ AS runs_to, 'done' AS status;
INSERT INTO warehouse.main.runs BY NAME
SELECT
    uid(d.n * 100 + r.i) AS id,
    d.begins + r.i * INTERVAL 1 MINUTE AS created_at,
    CASE WHEN d.begins = '2026-11-11 00:00:00Z'::TIMESTAMPTZ THEN 0.2 ELSE 0.01 END AS cost
FROM (
    SELECT n, '2026-10-01 00:00:00Z'::TIMESTAMPTZ + n * INTERVAL 1 DAY AS begins FROM range(54) AS days(n)
) AS d, range(61) AS r(i)
WHERE r.i < CASE
    WHEN d.begins = '2026-11-18 00:00:00Z'::TIMESTAMPTZ THEN 61
    WHEN d.begins = '2026-11-20 00:00:00Z'::TIMESTAMPTZ THEN 19
    WHEN d.begins = '2026-11-23 00:00:00Z'::TIMESTAMPTZ THEN 0
    WHEN dayofweek(d.begins) IN (0, 6) THEN 10
    ELSE 40
END;
