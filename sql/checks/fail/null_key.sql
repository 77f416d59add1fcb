-- Every row that is staged or written has an id.
-- What to do: this is a fault of Flowledger and not of the data; report it. The pages are kept in raw/.
SELECT n.stored_in AS key, n._observation
FROM (
    SELECT 'logs' AS stored_in, s._observation FROM stage_logs AS s WHERE s.id IS NULL
    UNION ALL
    SELECT 'runs' AS stored_in, s._observation FROM stage_runs AS s WHERE s.id IS NULL
    UNION ALL
    SELECT 'node_runs' AS stored_in, s._observation FROM stage_node_runs AS s WHERE s.id IS NULL
    UNION ALL
    SELECT 'flows' AS stored_in, s._observation FROM stage_flows AS s WHERE s.id IS NULL
    UNION ALL
    SELECT 'models' AS stored_in, s._observation FROM stage_models AS s WHERE s.id IS NULL
    UNION ALL
    SELECT 'pricing' AS stored_in, s._observation FROM stage_pricing AS s WHERE s.id IS NULL
    UNION ALL
    SELECT 'logs' AS stored_in, NULL AS _observation FROM changed_logs AS c WHERE c.id IS NULL
    UNION ALL
    SELECT 'runs' AS stored_in, NULL AS _observation FROM changed_runs AS c WHERE c.id IS NULL
    UNION ALL
    SELECT 'node_runs' AS stored_in, NULL AS _observation FROM changed_node_runs AS c WHERE c.id IS NULL
    UNION ALL
    SELECT 'flows' AS stored_in, NULL AS _observation FROM changed_flows AS c WHERE c.id IS NULL
    UNION ALL
    SELECT 'models' AS stored_in, NULL AS _observation FROM changed_models AS c WHERE c.id IS NULL
    UNION ALL
    SELECT 'pricing' AS stored_in, NULL AS _observation FROM changed_pricing AS c WHERE c.id IS NULL
) AS n
ORDER BY n.stored_in, n._observation;
