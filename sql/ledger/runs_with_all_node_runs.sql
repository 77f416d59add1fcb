-- Those of the given runs that have ended and whose node runs are all stored, as far as the run's own counter tells.
WITH asked AS (
    SELECT DISTINCT TRY_CAST(g.id AS UUID) AS id
    FROM given_ids AS g
),

ended AS (
    SELECT r.id, greatest(1, coalesce(r.nodes_completed, 0)) AS expected
    FROM warehouse.main.runs AS r
    INNER JOIN asked ON r.id = asked.id
    WHERE r._terminal
)

SELECT n.run_id::VARCHAR AS id
FROM warehouse.main.node_runs AS n
INNER JOIN ended ON n.run_id = ended.id
WHERE n._terminal
GROUP BY n.run_id
HAVING count(*) >= any_value(ended.expected);
