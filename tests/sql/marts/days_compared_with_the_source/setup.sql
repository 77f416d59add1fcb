-- Every answer of a comparison, the newest of several, equal moments told apart by the load, and a day without runs.
INSERT INTO runs (id, status_code, _terminal, created_at, cost)
SELECT 'run-' || i, 'succeeded', true, '2026-11-01T12:00:00Z'::TIMESTAMPTZ + to_days(i::INTEGER), i::DECIMAL(38, 18)
FROM range(1, 7) AS t(i);

INSERT INTO ledger.reconciliation (day, status, checked_at, load_id) VALUES
    ('2026-11-02', 'ok', '2026-11-03T03:00:00Z', 'load-1'),
    ('2026-11-03', 'healed', '2026-11-04T04:00:00Z', 'load-2'),
    ('2026-11-03', 'mismatch', '2026-11-04T03:00:00Z', 'load-2'),
    ('2026-11-04', 'provisional', '2026-11-05T03:00:00Z', 'load-3'),
    ('2026-11-04', 'mismatch', '2026-11-05T03:00:00Z', 'load-4'),
    ('2026-11-05', 'unavailable', '2026-11-06T03:00:00Z', 'load-4'),
    ('2026-11-05', 'ok', NULL, 'load-5'),
    ('2026-11-06', 'provisional', '2026-11-07T03:00:00Z', 'load-5'),
    ('2026-11-08', 'ok', '2026-11-09T03:00:00Z', 'load-6'),
    ('2026-11-09', 'mismatch', '2026-11-10T03:00:00Z', 'load-6');
