-- All at once; a second apart the wrong way; queued for a week; canceled before it started; still running.
INSERT INTO warehouse.main.runs BY NAME
SELECT
    uid(c.n) AS id,
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS created_at,
    c.started::TIMESTAMPTZ AS started_at,
    c.completed::TIMESTAMPTZ AS completed_at,
    'now' AS _load_id
FROM (
    VALUES
    (1, '2026-11-22 10:00:00Z', '2026-11-22 10:00:00Z'),
    (2, '2026-11-22 09:59:59Z', '2026-11-22 09:59:59Z'),
    (3, '2026-11-29 10:00:00Z', '2026-11-29 10:00:01Z'),
    (4, NULL, '2026-11-22 10:00:05Z'),
    (5, '2026-11-22 10:00:05Z', NULL),
    (6, NULL, NULL)
) AS c (n, started, completed);
