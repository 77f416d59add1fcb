-- How each UTC day compares with the source's own totals: the newest comparison, the differences, and what they look like.
-- A difference is the source's figure less what is stored: above nothing, something is missing here.
SELECT
    TRY_CAST(c.day AS DATE) AS day,
    c.status AS reconciliation,
    c.status IN ('ok', 'healed') AND c.day NOT IN (SELECT t.day FROM ledger.touched_days AS t) AS is_reconciled,
    c.runs_here,
    c.runs_there,
    c.runs_there - c.runs_here AS runs_difference,
    c.spend_here AS spend_here_usd,
    c.spend_there AS spend_there_usd,
    (c.spend_there - c.spend_here)::DECIMAL(38, 18) AS spend_difference_usd,
    nullif(c.explanation, '') AS explanation,
    c.open_runs,
    c.gone_runs,
    c.comparisons,
    c.checked_at
FROM (
    SELECT q.*, count(*) OVER (PARTITION BY q.day) AS comparisons
    FROM ledger.reconciliation AS q
    QUALIFY row_number() OVER (PARTITION BY q.day ORDER BY q.checked_at DESC NULLS LAST, q.load_id DESC) = 1
) AS c
ORDER BY day
