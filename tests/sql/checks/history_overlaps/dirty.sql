-- Found: 1, 2, 3, 4, 4, 5, 6.
-- A microsecond too early; within one that has not ended; turned round; twice within a longer one; and in each table.
INSERT INTO warehouse.main.flows BY NAME SELECT uid(n) AS id, 'now' AS _load_id FROM range(1, 5) AS r(n);
INSERT INTO warehouse.main.flows_history BY NAME
SELECT uid(c.n) AS id, c.since::TIMESTAMPTZ AS valid_from, c.until::TIMESTAMPTZ AS valid_to
FROM (
    VALUES
    (1, '2026-11-01 00:00:00Z', '2026-11-02 00:00:00Z'),
    (1, '2026-11-01 23:59:59.999999Z', NULL),
    (2, '2026-11-01 00:00:00Z', NULL),
    (2, '2026-11-02 00:00:00Z', '2026-11-03 00:00:00Z'),
    (3, '2026-11-02 00:00:00Z', '2026-11-01 23:59:59.999999Z'),
    (4, '2026-11-01 00:00:00Z', '2026-11-09 00:00:00Z'),
    (4, '2026-11-02 00:00:00Z', '2026-11-03 00:00:00Z'),
    (4, '2026-11-05 00:00:00Z', '2026-11-06 00:00:00Z')
) AS c (n, since, until);
INSERT INTO warehouse.main.models BY NAME SELECT uid(5) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.models_history BY NAME
SELECT uid(5) AS id, '2026-11-01 00:00:00Z'::TIMESTAMPTZ AS valid_from FROM range(2);
INSERT INTO warehouse.main.pricing BY NAME SELECT uid(6) AS id, 'now' AS _load_id;
INSERT INTO warehouse.main.pricing_history BY NAME
SELECT uid(6) AS id, '2026-11-01 00:00:00Z'::TIMESTAMPTZ AS valid_from FROM range(2);
