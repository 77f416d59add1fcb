-- The cost of a run is the sum of its node runs' costs, where it has been so for two weeks.
-- The vendor does not say that they agree. So a day counts only where at least 100 runs of the 14 days before it can be
-- compared and 99 of 100 agree to a hundredth of a cent; where they never agreed, or no longer do, there is no rule to
-- break. Compared are runs that succeeded and whose node runs are all stored, each with a cost.
-- What to do: ask the vendor which of the two was billed; never add them.
WITH nodes AS (
    SELECT n.run_id, sum(n.cost) AS cost, count(*) AS stored, count(n.cost) AS with_cost
    FROM warehouse.main.node_runs AS n
    WHERE n.created_at >= $start - INTERVAL 14 DAY
    GROUP BY n.run_id
),

by_day AS (
    SELECT
        (r.created_at AT TIME ZONE 'UTC')::DATE AS created_on,
        count(*) AS compared,
        count(*) FILTER (WHERE abs(r.cost - n.cost) > 0.0001) AS differing,
        min(r.id) FILTER (WHERE abs(r.cost - n.cost) > 0.0001) AS example
    FROM warehouse.main.runs AS r
    INNER JOIN nodes AS n ON r.id = n.run_id
    WHERE r.created_at >= $start - INTERVAL 14 DAY
      AND r.created_at < $end
      AND r.status_code = 'succeeded'
      AND r.cost IS NOT NULL
      AND n.stored = r.nodes_completed
      AND n.stored = n.with_cost
    GROUP BY created_on
)

SELECT d.created_on::VARCHAR AS key, d.compared, d.differing, d.example::VARCHAR AS example
FROM by_day AS d
INNER JOIN by_day AS e ON e.created_on BETWEEN d.created_on - 14 AND d.created_on - 1
WHERE d.differing > 0
  AND d.created_on >= ($start AT TIME ZONE 'UTC')::DATE
  AND d.created_on < ($end AT TIME ZONE 'UTC')::DATE
GROUP BY d.created_on, d.compared, d.differing, d.example
HAVING sum(e.compared) >= 100
   AND sum(e.differing) * 100 <= sum(e.compared)
ORDER BY key;
