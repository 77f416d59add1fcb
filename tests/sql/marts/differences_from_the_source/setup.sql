-- A day that was healed after two comparisons, one that misses a run, one with more here, one without totals.
INSERT INTO runs (id, flow_id, model_id, created_at, cost) VALUES
    ('run-1', 'flow-1', 'model-1', '2026-11-02T00:00:00Z', 1),
    ('run-2', 'flow-1', 'model-2', '2026-11-02T23:59:59.999999Z', 1),
    ('run-3', 'flow-2', 'model-1', '2026-11-03T00:00:00Z', 1);

INSERT INTO ledger.reconciliation
    (day, status, runs_here, runs_there, spend_here, spend_there, explanation, checked_at, load_id, open_runs, gone_runs)
VALUES
    ('2026-11-02', 'mismatch', 1, 2, 1, 2, 'a list leaves runs out', '2026-11-03T03:00:00Z', 'load-1', 0, 0),
    ('2026-11-02', 'healed', 2, 2, 2, 2, '', '2026-11-03T03:00:01Z', 'load-1', 0, 0),
    ('2026-11-03', 'mismatch', 1, 2, 1, 1.000000000000000001, 'a list leaves runs out', '2026-11-04T03:00:00Z', 'load-2', 1, 0),
    ('2026-11-04', 'mismatch', 3, 1, 0.5, 0.25, '', '2026-11-05T03:00:00Z', 'load-3', 0, 2),
    ('2026-11-05', 'unavailable', 0, NULL, 0, NULL, 'answered 404', '2026-11-06T03:00:00Z', 'load-3', 0, 0);

-- Equal when it was compared, and a run of it has changed since.
INSERT INTO runs (id, flow_id, model_id, created_at, cost) VALUES
    ('run-4', 'flow-3', 'model-3', '2026-11-06T12:00:00Z', 1);
INSERT INTO ledger.reconciliation
    (day, status, runs_here, runs_there, spend_here, spend_there, explanation, checked_at, load_id, open_runs, gone_runs)
VALUES
    ('2026-11-06', 'ok', 1, 1, 1, 1, NULL, '2026-11-07T03:00:00Z', 'load-4', 0, 0);
INSERT INTO ledger.touched_days (day) VALUES ('2026-11-06');
