-- Failed for nothing, or with no cost told; canceled and partly done runs may cost; so may one of unknown status.
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(c.n) AS id, c.status AS status_code, c.cost, 'now' AS _load_id
FROM (
    VALUES
    (1, 'failed', 0), (2, 'errored', NULL), (3, 'canceled', 0.5), (4, 'partial_succeeded', 0.5), (5, NULL, 0.5)
) AS c (n, status, cost);
