-- The flow is stored; none is named; the run lies just before and just behind what the load read.
INSERT INTO warehouse.main.flows BY NAME SELECT uid(1) AS id;
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(c.n) AS id, uid(c.named) AS flow_id, c.created::TIMESTAMPTZ AS created_at
FROM (
    VALUES
    (1, 1, '2026-11-10 00:00:00Z'),
    (2, NULL, '2026-11-10 00:00:00Z'),
    (3, 9, '2026-11-09 23:59:59.999999Z'),
    (4, 9, '2026-11-24 06:00:00Z')
) AS c (n, named, created);
