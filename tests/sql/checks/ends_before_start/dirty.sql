-- Found: 4, 1, 2, 3.
-- Ended before it started; started before it was created; canceled before it was created.
INSERT INTO warehouse.main.runs BY NAME
SELECT
    uid(c.n) AS id,
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS created_at,
    c.started::TIMESTAMPTZ AS started_at,
    c.completed::TIMESTAMPTZ AS completed_at,
    'now' AS _load_id
FROM (
    VALUES
    (1, '2026-11-22 10:00:05Z', '2026-11-22 10:00:03.999999Z'),
    (2, '2026-11-22 09:59:58Z', NULL),
    (3, NULL, '2026-11-22 09:00:00Z'),
    (5, NULL, NULL)
) AS c (n, started, completed);
INSERT INTO warehouse.main.node_runs BY NAME
SELECT
    uid(4) AS id,
    uid(1) AS run_id,
    '2026-11-22 10:00:05Z'::TIMESTAMPTZ AS started_at,
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS completed_at,
    'now' AS _load_id;
