-- Found: 3, 2, 1.
-- The oldest first; a microsecond too long; first read today; no time of creation.
INSERT INTO warehouse.ledger.open_runs BY NAME
SELECT uid(c.n) AS run_id, c.created::TIMESTAMPTZ AS created_at, c.seen::TIMESTAMPTZ AS first_seen_at
FROM (
    VALUES
    (1, '2026-10-25 05:59:59.999999Z', '2026-10-26 06:00:00Z'),
    (2, '2026-01-01 00:00:00Z', '2026-11-24 06:00:00Z'),
    (3, NULL, '2025-10-25 05:00:00Z'),
    (4, NULL, '2026-11-24 06:00:00Z')
) AS c (n, created, seen);
