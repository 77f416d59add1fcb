-- On the 10th only 99 runs can be compared with. On the 13th: off by a hundredth of a cent; no cost yet; a node run
-- without cost; one that is not stored; a run that failed. The 24th has not ended.
CREATE TEMP TABLE made AS
SELECT * FROM (
    VALUES
    ('2026-11-12', 0, 100, 'succeeded', 2.0, 1.0, 2),
    ('2026-11-13', 100, 200, 'succeeded', 2.0001, 1.0, 2),
    ('2026-11-13', 200, 201, 'succeeded', NULL, 1.0, 2),
    ('2026-11-13', 201, 202, 'succeeded', 9.0, NULL, 2),
    ('2026-11-13', 202, 203, 'succeeded', 9.0, 1.0, 3),
    ('2026-11-13', 203, 204, 'failed', 0.0, 1.0, 2),
    ('2026-11-24', 204, 205, 'succeeded', 9.0, 1.0, 2),
    ('2026-10-30', 205, 304, 'succeeded', 2.0, 1.0, 2),
    ('2026-11-10', 304, 305, 'succeeded', 9.0, 1.0, 2)
) AS m (created_on, first_n, end_n, status, cost, node_cost, nodes);
INSERT INTO warehouse.main.runs BY NAME
SELECT
    uid(n) AS id,
    m.created_on::TIMESTAMP AT TIME ZONE 'UTC' AS created_at,
    m.status AS status_code,
    m.cost,
    m.nodes AS nodes_completed
FROM made AS m, range(305) AS r(n)
WHERE n >= m.first_n AND n < m.end_n;
INSERT INTO warehouse.main.node_runs BY NAME
SELECT
    uid(n * 2 + i) AS id,
    uid(n) AS run_id,
    m.created_on::TIMESTAMP AT TIME ZONE 'UTC' AS created_at,
    CASE WHEN i = 0 THEN m.node_cost ELSE 1.0 END AS cost
FROM made AS m, range(305) AS r(n), range(2) AS two(i)
WHERE n >= m.first_n AND n < m.end_n;
DROP TABLE made;
