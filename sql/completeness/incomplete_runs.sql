-- Of ended_runs those of which the source says to have logs, or more node runs, than are stored or in quarantine.
-- Logs are only missing where the whole life of the run lies in one span that was read whole (given_spans).
-- {first} and {last} are the least and the greatest id in ended_runs: they bound what is read of the large tables.
WITH rejected AS (
    SELECT q.object, CASE WHEN json_valid(q.raw) THEN TRY_CAST(q.raw ->> '$.run_id' AS UUID) END AS run_id
    FROM warehouse.ledger.rejects AS q
    WHERE q.status = 'open' AND q.object IN ('log', 'node_run')
),

held AS (
    SELECT 'logs' AS missing, l.run_id, count(*) AS stored
    FROM warehouse.main.logs AS l
    WHERE l.run_id BETWEEN '{first}' AND '{last}' AND l.run_id IN (SELECT e.id FROM ended_runs AS e)
    GROUP BY l.run_id
    UNION ALL
    SELECT 'node_runs' AS missing, n.run_id, count(*) AS stored
    FROM warehouse.main.node_runs AS n
    WHERE n.run_id BETWEEN '{first}' AND '{last}' AND n.run_id IN (SELECT e.id FROM ended_runs AS e)
    GROUP BY n.run_id
    UNION ALL
    SELECT CASE j.object WHEN 'log' THEN 'logs' ELSE 'node_runs' END AS missing, j.run_id, count(*) AS stored
    FROM rejected AS j
    GROUP BY j.object, j.run_id
),

promised AS (
    SELECT e.id AS run_id, e.created_at, 'logs' AS missing, 1 AS expected
    FROM ended_runs AS e
    WHERE e.has_logs
      AND EXISTS (SELECT 1 FROM given_spans AS s WHERE s.start_at <= e.created_at AND e.completed_at < s.end_at)
    UNION ALL
    SELECT e.id AS run_id, e.created_at, 'node_runs' AS missing, e.node_runs AS expected
    FROM ended_runs AS e
    WHERE e.node_runs > 0
)

SELECT p.run_id::VARCHAR AS run_id, p.missing, p.created_at, p.expected, coalesce(sum(h.stored), 0)::BIGINT AS stored
FROM promised AS p
LEFT JOIN held AS h ON p.run_id = h.run_id AND p.missing = h.missing
GROUP BY p.run_id, p.missing, p.created_at, p.expected
HAVING coalesce(sum(h.stored), 0) < p.expected
ORDER BY 1, 2
