-- How many of the given log lines are not stored. {first} and {last} bound what is read: the least and greatest run_id.
SELECT count(DISTINCT g.id) AS unknown
FROM given_logs AS g
WHERE g.id NOT IN (
    SELECT l.id
    FROM warehouse.main.logs AS l
    WHERE l.run_id BETWEEN '{first}' AND '{last}'
      -- Where ids of runs are random the bounds hold all logs there are: only those that were given are gathered.
      AND l.id IN (SELECT o.id FROM given_logs AS o)
)
