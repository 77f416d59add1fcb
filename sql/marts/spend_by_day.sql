-- Runs and exact spend per UTC day of created_at, and whether the source's own totals of that day agree.
-- Every run counts once: succeeded + partial_succeeded + failed + canceled + open_runs + gone_runs = runs.
-- A day that was compared is here even without runs; runs without created_at stay, under a NULL day.
WITH days AS (
    SELECT
        r.day,
        sum(r.runs)::BIGINT AS runs,
        sum(r.runs) FILTER (WHERE r.status_code = 'succeeded')::BIGINT AS succeeded,
        sum(r.runs) FILTER (WHERE r.status_code = 'partial_succeeded')::BIGINT AS partial_succeeded,
        sum(r.runs) FILTER (WHERE r.status_code IN ('failed', 'errored', 'timeout'))::BIGINT AS failed,
        sum(r.runs) FILTER (WHERE r.status_code IN ('canceled', 'cancelled'))::BIGINT AS canceled,
        sum(r.runs) FILTER (WHERE NOT r.has_ended AND NOT r.is_gone)::BIGINT AS open_runs,
        sum(r.runs) FILTER (WHERE NOT r.has_ended AND r.is_gone)::BIGINT AS gone_runs,
        sum(r.runs_without_cost)::BIGINT AS runs_without_cost,
        sum(r.spend_usd) AS spend_usd
    FROM daily.run_counts AS r
    GROUP BY ALL
),

compared AS (
    SELECT
        TRY_CAST(c.day AS DATE) AS day,
        c.status,
        c.day IN (SELECT t.day FROM ledger.touched_days AS t) AS is_touched
    FROM ledger.reconciliation AS c
    QUALIFY row_number() OVER (PARTITION BY c.day ORDER BY c.checked_at DESC NULLS LAST, c.load_id DESC) = 1
)

SELECT
    coalesce(d.day, c.day) AS day,
    coalesce(d.runs, 0) AS runs,
    coalesce(d.succeeded, 0) AS succeeded,
    coalesce(d.partial_succeeded, 0) AS partial_succeeded,
    coalesce(d.failed, 0) AS failed,
    coalesce(d.canceled, 0) AS canceled,
    coalesce(d.open_runs, 0) AS open_runs,
    coalesce(d.gone_runs, 0) AS gone_runs,
    coalesce(d.runs_without_cost, 0) AS runs_without_cost,
    coalesce(d.spend_usd, 0::DECIMAL(38, 18)) AS spend_usd,
    c.status AS reconciliation,
    coalesce(c.status IN ('ok', 'healed') AND NOT c.is_touched, false) AS is_reconciled
FROM days AS d
FULL JOIN compared AS c ON d.day = c.day
ORDER BY day NULLS LAST
