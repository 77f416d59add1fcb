-- Runs and exact spend per UTC day of created_at and flow; added up over the flows they are the day's.
-- Runs of no flow stay, under a NULL flow_id; a flow that was never read has an id and no name.
WITH spend AS (
    SELECT
        (r.created_at AT TIME ZONE 'UTC')::DATE AS day,
        r.flow_id,
        count(*) AS runs,
        count(*) FILTER (WHERE r.status_code = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE r.status_code IN ('failed', 'errored', 'timeout')) AS failed,
        count(*) FILTER (WHERE r.cost IS NULL) AS runs_without_cost,
        coalesce(sum(r.cost), 0::DECIMAL(38, 18)) AS spend_usd
    FROM runs AS r
    GROUP BY ALL
),

proven AS (
    SELECT TRY_CAST(c.day AS DATE) AS day
    FROM (
        SELECT q.day, q.status
        FROM ledger.reconciliation AS q
        QUALIFY row_number() OVER (PARTITION BY q.day ORDER BY q.checked_at DESC NULLS LAST, q.load_id DESC) = 1
    ) AS c
    WHERE c.status IN ('ok', 'healed')
      AND c.day NOT IN (SELECT t.day FROM ledger.touched_days AS t)
)

SELECT
    s.day,
    s.flow_id,
    n.slug AS flow_slug,
    n.name AS flow_name,
    s.runs,
    s.succeeded,
    s.failed,
    s.runs_without_cost,
    s.spend_usd,
    p.day IS NOT NULL AS is_reconciled
FROM spend AS s
LEFT JOIN proven AS p ON s.day = p.day
LEFT JOIN flows AS n ON s.flow_id = n.id
ORDER BY s.day NULLS LAST, s.spend_usd DESC, s.flow_id NULLS LAST
