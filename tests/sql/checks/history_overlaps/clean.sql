-- One version after the other, ending where the next begins; a gap; one of no length; one for ever; two ids at a time;
-- an overlap of an id that this commit did not change.
INSERT INTO warehouse.main.flows BY NAME SELECT uid(n) AS id, 'now' AS _load_id FROM range(1, 4) AS r(n);
INSERT INTO warehouse.main.flows_history BY NAME
SELECT uid(c.n) AS id, c.since::TIMESTAMPTZ AS valid_from, c.until::TIMESTAMPTZ AS valid_to
FROM (
    VALUES
    (1, '2026-11-01 00:00:00Z', '2026-11-02 00:00:00Z'),
    (1, '2026-11-02 00:00:00Z', NULL),
    (2, '2026-11-01 00:00:00Z', '2026-11-02 00:00:00Z'),
    (2, '2026-11-05 00:00:00Z', '2026-11-06 00:00:00Z'),
    (3, '2026-11-01 00:00:00Z', '2026-11-01 00:00:00Z'),
    (3, '2026-11-01 00:00:00Z', '2026-11-02 00:00:00Z'),
    (9, '2026-11-01 00:00:00Z', NULL),
    (9, '2026-11-02 00:00:00Z', NULL)
) AS c (n, since, until);
