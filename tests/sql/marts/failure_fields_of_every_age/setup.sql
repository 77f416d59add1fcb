-- The places where the API has put code, message and stage of a failure; what succeeded or still runs is no failure.
INSERT INTO runs
    (id, status_code, _terminal, created_at, failure_code, failure_stage_code, failure_message, extra)
VALUES
    ('a1', 'failed', true, '2026-11-22T01:00:00Z', 'A', 'dispatch', 'in a column', NULL),
    ('a2', 'failed', true, '2026-11-22T02:00:00Z', NULL, NULL, NULL,
     '{"error": {"code": "A", "message": "in an object"}, "failure_stage": "dispatch"}'),
    ('a3', 'failed', true, '2026-11-22T03:00:00Z', 'A', 'dispatch', NULL, '{}'),
    ('b1', 'failed', true, '2026-11-22T04:00:00Z', 'B', NULL, 'column first',
     '{"error": {"code": "A", "message": "object second"}}'),
    ('c1', 'errored', true, '2026-11-22T05:00:00Z', NULL, NULL, NULL, '{"error": "as plain words"}'),
    ('d1', 'timeout', true, '2026-11-22T06:00:00Z', NULL, NULL, NULL, '{"error": null, "failure_reason": "a reason"}'),
    ('e1', 'failed', true, '2026-11-22T07:00:00Z', NULL, NULL, NULL, '{"error": {"code": 429}}'),
    ('f1', 'failed', true, NULL, NULL, NULL, NULL, NULL),
    ('ok', 'succeeded', true, '2026-11-22T08:00:00Z', 'A', 'dispatch', 'not a failure', NULL),
    ('open', 'running', false, '2026-11-22T09:00:00Z', 'A', 'dispatch', 'not over', NULL);
