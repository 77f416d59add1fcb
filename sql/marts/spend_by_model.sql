-- Runs and exact spend per UTC day of created_at and model; added up over the models they are the day's.
-- Runs of no model stay, under a NULL model_id; a model that was never read has an id and no name.
WITH spend AS (
    SELECT
        r.day,
        r.model_id,
        sum(r.runs)::BIGINT AS runs,
        coalesce(sum(r.runs) FILTER (WHERE r.status_code = 'succeeded'), 0)::BIGINT AS succeeded,
        coalesce(sum(r.runs) FILTER (WHERE r.status_code IN ('failed', 'errored', 'timeout')), 0)::BIGINT AS failed,
        sum(r.runs_without_cost)::BIGINT AS runs_without_cost,
        sum(r.spend_usd) AS spend_usd
    FROM daily.run_counts AS r
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
    s.model_id,
    n.slug AS model_slug,
    n.name AS model_name,
    s.runs,
    s.succeeded,
    s.failed,
    s.runs_without_cost,
    s.spend_usd,
    p.day IS NOT NULL AS is_reconciled
FROM spend AS s
LEFT JOIN proven AS p ON s.day = p.day
LEFT JOIN main.models AS n ON s.model_id = n.id
ORDER BY s.day NULLS LAST, s.spend_usd DESC, s.model_id NULLS LAST
