-- Equal sums with and without a flow, equal costs with and without a time, and runs of which nobody knows if they ended.
INSERT INTO runs (id, flow_id, model_id, status_code, _terminal, _gone_at, created_at, cost, duration_ms) VALUES
    ('a', NULL, NULL, 'succeeded', true, NULL, NULL, '1', 10),
    ('b', 'flow-1', 'model-1', 'succeeded', true, NULL, '2026-11-22T10:00:00Z', '1', 10),
    ('c', NULL, NULL, NULL, NULL, NULL, '2026-11-22T11:00:00Z', NULL, NULL),
    ('d', 'flow-1', 'model-1', 'running', false, NULL, '2026-11-22T12:00:00Z', NULL, NULL),
    ('e', NULL, NULL, 'running', false, NULL, '2026-11-22T13:00:00Z', NULL, NULL),
    ('f', 'flow-1', 'model-1', NULL, NULL, '2026-11-24T03:00:00Z', '2026-11-22T14:00:00Z', NULL, NULL);
