-- Amounts that differ in the eighteenth digit, twenty digits before the point, a refund, and two equal ones.
INSERT INTO runs (id, flow_id, status_code, _terminal, created_at, cost) VALUES
    ('a', 'flow-1', 'succeeded', true, '2026-11-22T10:00:00Z', '0.1'),
    ('b', 'flow-1', 'succeeded', true, '2026-11-22T11:00:00Z', '0.2'),
    ('c', 'flow-1', 'succeeded', true, '2026-11-22T12:00:00Z', '0.100000000000000001'),
    ('d', 'flow-1', 'succeeded', true, '2026-11-23T10:00:00Z', '12345678901234567890.123456789012345678'),
    ('e', 'flow-1', 'succeeded', true, '2026-11-23T11:00:00Z', '0.000000000000000001'),
    ('f', 'flow-1', 'succeeded', true, '2026-11-23T12:00:00Z', '-1'),
    ('h', 'flow-1', 'succeeded', true, '2026-11-22T09:00:00Z', '0.1');
