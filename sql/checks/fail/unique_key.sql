-- No id is stored twice in a table.
-- Looked at are the rows that this commit wrote, with every stored copy of them.
-- What to do: this is a fault of Flowledger or of the file; `flowledger replay` builds it again from raw/.
SELECT w.id::VARCHAR AS key, w.stored_in, count(*) AS times
FROM (
    SELECT 'logs' AS stored_in, l.id FROM written_logs AS l
    UNION ALL
    SELECT 'runs' AS stored_in, r.id FROM written_runs AS r
    UNION ALL
    SELECT 'node_runs' AS stored_in, n.id FROM written_node_runs AS n
    UNION ALL
    SELECT 'flows' AS stored_in, f.id FROM written_flows AS f
    UNION ALL
    SELECT 'models' AS stored_in, m.id FROM written_models AS m
    UNION ALL
    SELECT 'pricing' AS stored_in, p.id FROM written_pricing AS p
) AS w
GROUP BY w.stored_in, w.id
HAVING count(*) > 1
ORDER BY w.stored_in, w.id;
