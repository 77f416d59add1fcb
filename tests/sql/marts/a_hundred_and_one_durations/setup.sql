-- 0, 10, 20, ... 1000 ms in an order of their own: the quantiles fall on values, so that none is interpolated.
INSERT INTO runs (id, flow_id, model_id, status_code, _terminal, created_at, duration_ms)
SELECT 'run-' || i, 'flow-1', 'model-1', 'succeeded', true, '2026-11-22T00:00:00Z', 10 * (i * 37 % 101)
FROM range(101) AS t(i);

INSERT INTO node_runs (id, run_id, flow_id, node_id, _terminal, duration_ms)
SELECT 'step-' || i, 'run-' || i, 'flow-1', 'node-1', true, 10 * (i * 37 % 101)
FROM range(101) AS t(i);
