-- Runs, failure rate and exact spend per model, over all days; runs of no model stay, under a NULL model_id.
-- failure_rate is failed / ended_runs, a DOUBLE, NULL where no run has ended; canceled runs have ended.
WITH proven AS (
    SELECT TRY_CAST(c.day AS DATE) AS day
    FROM (
        SELECT q.day, q.status
        FROM ledger.reconciliation AS q
        QUALIFY row_number() OVER (PARTITION BY q.day ORDER BY q.checked_at DESC NULLS LAST, q.load_id DESC) = 1
    ) AS c
    WHERE c.status IN ('ok', 'healed')
      AND c.day NOT IN (SELECT t.day FROM ledger.touched_days AS t)
),

totals AS (
    SELECT
        r.model_id,
        sum(r.runs)::BIGINT AS runs,
        coalesce(sum(r.runs) FILTER (WHERE r.has_ended), 0)::BIGINT AS ended_runs,
        coalesce(sum(r.runs) FILTER (WHERE r.status_code IN ('failed', 'errored', 'timeout')), 0)::BIGINT AS failed,
        sum(r.spend_usd) AS spend_usd,
        min(r.first_run_at) AS first_run_at,
        max(r.last_run_at) AS last_run_at,
        bool_and(p.day IS NOT NULL) AS is_reconciled
    FROM daily.run_counts AS r
    LEFT JOIN proven AS p ON r.day = p.day
    GROUP BY ALL
)

SELECT
    t.model_id,
    n.slug AS model_slug,
    n.name AS model_name,
    t.runs,
    t.ended_runs,
    t.failed,
    t.failed::DOUBLE / nullif(t.ended_runs, 0) AS failure_rate,
    t.spend_usd,
    t.first_run_at,
    t.last_run_at,
    t.is_reconciled
FROM totals AS t
LEFT JOIN main.models AS n ON t.model_id = n.id
ORDER BY t.spend_usd DESC, t.model_id NULLS LAST
