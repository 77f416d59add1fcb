-- The last microsecond of a day is that day's, midnight is the next one's, and an offset is counted back to UTC.
INSERT INTO runs (id, model_id, status_code, _terminal, created_at, cost) VALUES
    ('last', 'model-1', 'failed', true, '2026-11-22T23:59:59.999999Z', '1'),
    ('first', 'model-1', 'succeeded', true, '2026-11-23T00:00:00Z', '2'),
    ('east', 'model-1', 'succeeded', true, '2026-11-23T01:30:00+02:00', '4'),
    ('west', 'model-1', 'failed', true, '2026-11-22T20:00:00-05:00', '8');

INSERT INTO logs (id, run_id, level_code, timestamp) VALUES
    ('last', 'last', 'info', '2026-11-22T23:59:59.999999Z'),
    ('first', 'first', 'info', '2026-11-23T00:00:00Z'),
    ('east', 'east', 'info', '2026-11-23T01:30:00+02:00');
