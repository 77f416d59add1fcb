-- What was spent, day by day, and whether Runflow's own totals say the same
SELECT
    s.day,
    s.runs,
    s.failed,
    s.open_runs,
    round(s.spend_usd, 6) AS spend_usd,
    CASE WHEN s.is_reconciled THEN 'proven' ELSE coalesce(s.reconciliation, 'not over yet') END AS completeness
FROM marts.spend_by_day AS s
ORDER BY s.day;
