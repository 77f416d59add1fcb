-- Every status with evidence, in both spellings of canceled, and a run whose status the API left out.
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(row_number() OVER ()) AS id, c.status AS status_code, 'now' AS _load_id
FROM (
    VALUES
    ('queued'), ('dispatching'), ('running'), ('succeeded'), ('partial_succeeded'),
    ('failed'), ('canceled'), ('cancelled'), ('errored'), ('timeout'), (NULL)
) AS c (status);
