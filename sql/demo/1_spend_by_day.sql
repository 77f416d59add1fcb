-- What was spent, day by day
SELECT
    s.day,
    s.runs,
    s.failed,
    s.open_runs,
    round(s.spend_usd, 6) AS spend_usd
FROM marts.spend_by_day AS s
ORDER BY s.day;
