-- What the comparisons show of the source: how long a day's totals moved on after its end, and whether open runs count.
WITH ordered AS (
    SELECT
        c.*,
        lag(c.runs_there) OVER by_time AS runs_before,
        lag(c.spend_there) OVER by_time AS spend_before
    FROM warehouse.ledger.reconciliation AS c
    WHERE c.status <> 'unavailable'
    WINDOW by_time AS (PARTITION BY c.day ORDER BY c.checked_at, c.load_id)
)

SELECT
    max(date_diff('day', o.day::TIMESTAMPTZ, o.checked_at) - 1) FILTER (
        WHERE o.runs_there <> o.runs_before OR o.spend_there <> o.spend_before
    ) AS moved_after_days,
    bool_or(o.status IN ('ok', 'healed')) FILTER (
        WHERE o.open_spend <> 0
          AND (o.status IN ('ok', 'healed') OR o.explanation LIKE 'the source leaves out the cost of what has not ended%')
    ) AS counts_open_runs
FROM ordered AS o
