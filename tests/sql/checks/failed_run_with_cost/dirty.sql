-- Found: 1, 2, 3.
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(c.n) AS id, c.status AS status_code, 0.000000000000000001 AS cost, 'now' AS _load_id
FROM (VALUES (1, 'failed'), (2, 'errored'), (3, 'timeout'), (4, 'succeeded')) AS c (n, status);
