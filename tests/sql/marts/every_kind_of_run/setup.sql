-- Two days with every awkward run: no cost, no target, no day, gone, open, canceled in both spellings, a flow unread.
INSERT INTO flows (id, slug, name, nodes) VALUES
    ('flow-1', 'hero-banner', 'Hero banner',
     '[{"id": "aaaaaaaa-0000-4000-8000-000000000001", "slug": "draw", "label": "Draw it"},
       {"id": "AAAAAAAA-0000-4000-8000-000000000002", "slug": "upscale", "label": null}]'),
    ('flow-idle', 'idle', 'Never ran', NULL);

INSERT INTO models (id, slug, name) VALUES ('model-1', 'acme/upscale', 'Upscale');

INSERT INTO runs
    (id, flow_id, model_id, comfyui_workflow_id, status_code, _terminal, _gone_at, created_at, cost, duration_ms,
     failure_code, failure_stage_code, failure_message, extra)
VALUES
    ('run-01', 'flow-1', NULL, NULL, 'succeeded', true, NULL, '2026-11-22T10:00:00Z', '0.3', 1000,
     NULL, NULL, NULL, NULL),
    ('run-02', 'flow-1', NULL, NULL, 'failed', true, NULL, '2026-11-22T23:59:59.999999Z', '0.05', 200,
     'OUT_OF_MEMORY', 'dispatch', 'No memory left', NULL),
    ('run-03', NULL, 'model-1', NULL, 'canceled', true, NULL, '2026-11-23T00:00:00Z', NULL, NULL,
     NULL, NULL, 'Stopped by hand', NULL),
    ('run-04', NULL, 'model-1', NULL, 'cancelled', true, NULL, '2026-11-23T01:00:00Z', '0', 50,
     NULL, NULL, NULL, NULL),
    ('run-05', NULL, NULL, NULL, 'succeeded', true, NULL, '2026-11-23T02:00:00Z', '1.1', 3000,
     NULL, NULL, NULL, NULL),
    ('run-06', 'flow-1', NULL, NULL, 'running', false, NULL, '2026-11-23T03:00:00Z', NULL, 77,
     NULL, NULL, NULL, NULL),
    ('run-07', NULL, 'model-1', NULL, 'running', false, '2026-11-24T03:00:00Z', '2026-11-23T04:00:00Z', '0.2', NULL,
     NULL, NULL, NULL, NULL),
    ('run-08', NULL, NULL, 'workflow-1', 'partial_succeeded', true, NULL, NULL, '0.4', 900,
     NULL, NULL, NULL, NULL),
    ('run-09', 'flow-unread', NULL, NULL, 'succeeded', true, '2026-11-24T03:00:00Z', '2026-11-22T11:00:00Z',
     '0.000000000000000001', 10, NULL, NULL, NULL, NULL),
    ('run-10', NULL, 'model-1', NULL, 'errored', true, NULL, '2026-11-23T05:00:00Z', '0.01', 500,
     NULL, NULL, NULL, '{"error": {"code": "UPSTREAM", "message": "Bad gateway"}}');

INSERT INTO node_runs (id, run_id, flow_id, node_id, _terminal, duration_ms) VALUES
    ('step-1', 'run-01', 'flow-1', 'aaaaaaaa-0000-4000-8000-000000000001', true, 100),
    ('step-2', 'run-02', 'flow-1', 'aaaaaaaa-0000-4000-8000-000000000001', true, 300),
    ('step-3', 'run-06', 'flow-1', 'aaaaaaaa-0000-4000-8000-000000000001', false, 5),
    ('step-4', 'run-01', 'flow-1', 'aaaaaaaa-0000-4000-8000-000000000002', true, NULL),
    ('step-5', 'run-01', 'flow-1', 'aaaaaaaa-0000-4000-8000-000000000009', true, 40),
    ('step-6', 'run-05', NULL, NULL, true, 60);

INSERT INTO logs (id, run_id, level_code, timestamp) VALUES
    ('log-1', 'run-01', 'info', '2026-11-22T23:59:59.999999Z'),
    ('log-2', 'run-01', 'info', '2026-11-23T00:00:00Z'),
    ('log-3', 'run-01', 'info', '2026-11-23T00:00:00Z'),
    ('log-4', 'run-02', 'error', '2026-11-23T08:00:00Z'),
    ('log-5', 'run-02', NULL, NULL);

INSERT INTO ledger.reconciliation (day, status, checked_at, load_id) VALUES
    ('2026-11-22', 'mismatch', '2026-11-23T03:00:00Z', 'load-1'),
    ('2026-11-22', 'ok', '2026-11-24T03:00:00Z', 'load-2'),
    ('2026-11-23', 'provisional', '2026-11-24T03:00:00Z', 'load-2');
