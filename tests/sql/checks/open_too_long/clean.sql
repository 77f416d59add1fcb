-- Thirty days to the microsecond; created long ago and first read today is too long, but not where the age is unknown.
INSERT INTO warehouse.ledger.open_runs BY NAME
SELECT uid(c.n) AS run_id, c.created::TIMESTAMPTZ AS created_at, c.seen::TIMESTAMPTZ AS first_seen_at
FROM (
    VALUES
    (1, '2026-10-25 06:00:00Z', '2026-10-26 06:00:00Z'),
    (2, NULL, '2026-10-25 06:00:00Z'),
    (3, '2026-11-24 05:00:00Z', '2026-11-24 06:00:00Z')
) AS c (n, created, seen);
