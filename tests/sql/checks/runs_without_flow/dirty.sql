-- Found: 7, 8, 9.
-- Of the first run of the span, of the last, and of two; a flow that is stored hides no other.
INSERT INTO warehouse.main.flows BY NAME SELECT uid(1) AS id;
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(c.n) AS id, uid(c.named) AS flow_id, c.created::TIMESTAMPTZ AS created_at
FROM (
    VALUES
    (1, 1, '2026-11-10 00:00:00Z'),
    (2, 9, '2026-11-10 00:00:00Z'),
    (3, 7, '2026-11-24 05:59:59.999999Z'),
    (4, 8, '2026-11-12 00:00:00Z'),
    (5, 8, '2026-11-12 00:00:00Z')
) AS c (n, named, created);
