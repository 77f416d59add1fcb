-- Weeks of 40 runs on a working day and 10 on a weekend; a day half as busy and one half as busy again, at the very
-- edge; a day without runs of which a microsecond was not read; and the day that has not ended.
INSERT INTO warehouse.ledger.windows BY NAME
SELECT w.since::TIMESTAMPTZ AS runs_from, w.until::TIMESTAMPTZ AS runs_to, w.status
FROM (
    VALUES
    ('2026-10-01 00:00:00Z', '2026-11-12 00:00:00Z', 'done'),
    ('2026-11-12 00:00:00.000001Z', '2026-11-18 12:00:00Z', 'done'),
    ('2026-11-12 00:00:00Z', '2026-11-18 00:00:00Z', 'failed'),
    ('2026-11-18 12:00:00Z', '2026-11-25 00:00:00Z', 'done')
) AS w (since, until, status);
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(d.n * 100 + r.i) AS id, d.begins + r.i * INTERVAL 1 MINUTE AS created_at, 0.1 AS cost
FROM (
    SELECT n, '2026-10-01 00:00:00Z'::TIMESTAMPTZ + n * INTERVAL 1 DAY AS begins FROM range(54) AS days(n)
) AS d, range(60) AS r(i)
WHERE r.i < CASE
    WHEN d.begins = '2026-11-12 00:00:00Z'::TIMESTAMPTZ THEN 0
    WHEN d.begins = '2026-11-17 00:00:00Z'::TIMESTAMPTZ THEN 20
    WHEN d.begins = '2026-11-18 00:00:00Z'::TIMESTAMPTZ THEN 60
    WHEN dayofweek(d.begins) IN (0, 6) THEN 10
    ELSE 40
END;
