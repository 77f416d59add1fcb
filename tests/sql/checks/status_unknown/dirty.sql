-- Found: 1, 2, 3.
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(c.n) AS id, c.status AS status_code, 'now' AS _load_id
FROM (VALUES (1, 'paused'), (2, 'Succeeded'), (3, ''), (4, 'running')) AS c (n, status);
