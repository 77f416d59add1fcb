-- The runs and the spend of each closed day lie in the band of the 28 days before it.
-- The band lies around the median of the same weekday, or of all days where fewer than 3 of that weekday are known. A
-- day is outside when it is further off than 3 times what nine of ten of the days before are off (4 times, of spend),
-- than half of the median, and than chance explains where there is little: 2.5 times the root of the runs, or 1 USD. A
-- day whose runs were not read whole does not count, one without runs counts as zero, and there must be 7 before it,
-- from the first run of those weeks on: who begins is no anomaly.
-- On simulated sources no day of 6,174 left the band of runs by chance, and that of spend one of 3,780 at 14 runs a
-- day, one of 1,890 at 60, none of 504 at 300. A day that lost seven of ten runs is found in 98 of 100, at 60 a day.
-- What to do: look at marts.spend_by_day; if it is no holiday and no campaign, ask who started or stopped runs.
WITH spans AS (
    SELECT
        w.runs_from AT TIME ZONE 'UTC' AS since,
        w.runs_to AT TIME ZONE 'UTC' AS until,
        max(w.runs_to AT TIME ZONE 'UTC') OVER (
            ORDER BY w.runs_from, w.runs_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS read_until
    FROM warehouse.ledger.windows AS w
    WHERE w.status = 'done'
      AND w.runs_to > $start - INTERVAL 29 DAY
      AND w.runs_from < $end
),

islands AS (
    SELECT
        s.since,
        s.until,
        count(*) FILTER (WHERE s.read_until IS NULL OR s.read_until < s.since) OVER (
            ORDER BY s.since, s.until ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS island
    FROM spans AS s
),

read_whole AS (
    SELECT min(i.since) AS since, least(max(i.until), $now AT TIME ZONE 'UTC') AS until
    FROM islands AS i
    GROUP BY i.island
),

totals AS (
    SELECT (r.created_at AT TIME ZONE 'UTC')::DATE AS created_on, count(*) AS runs, sum(r.cost) AS spend
    FROM warehouse.main.runs AS r
    WHERE r.created_at >= $start - INTERVAL 29 DAY
      AND r.created_at < $end
    GROUP BY created_on
),

days AS (
    SELECT d.begins::DATE AS created_on
    FROM generate_series(
        ($start AT TIME ZONE 'UTC')::DATE - 28, ($end AT TIME ZONE 'UTC')::DATE, INTERVAL 1 DAY
    ) AS d (begins)
    INNER JOIN read_whole AS c ON d.begins >= c.since AND d.begins + INTERVAL 1 DAY <= c.until
    WHERE d.begins >= (SELECT min(t.created_on) FROM totals AS t)
),

amounts AS (
    -- For statistics of money, and not for money, DOUBLE will do.
    SELECT d.created_on, 'runs' AS measure, coalesce(t.runs, 0)::DOUBLE AS amount
    FROM days AS d
    LEFT JOIN totals AS t ON d.created_on = t.created_on
    UNION ALL
    SELECT d.created_on, 'spend' AS measure, coalesce(t.spend, 0)::DOUBLE AS amount
    FROM days AS d
    LEFT JOIN totals AS t ON d.created_on = t.created_on
),

before AS (
    SELECT
        a.created_on,
        a.measure,
        a.amount,
        dayofweek(a.created_on) = dayofweek(e.created_on) AS same_weekday,
        e.amount AS earlier,
        count(*) OVER (PARTITION BY a.created_on, a.measure) AS known,
        CASE
            WHEN count(*) OVER (PARTITION BY a.created_on, a.measure, dayofweek(e.created_on)) >= 3
                THEN median(e.amount) OVER (PARTITION BY a.created_on, a.measure, dayofweek(e.created_on))
            ELSE median(e.amount) OVER (PARTITION BY a.created_on, a.measure)
        END AS usual
    FROM amounts AS a
    INNER JOIN amounts AS e
        ON a.measure = e.measure AND e.created_on BETWEEN a.created_on - 28 AND a.created_on - 1
    WHERE a.created_on >= ($start AT TIME ZONE 'UTC')::DATE
),

bands AS (
    SELECT
        b.created_on,
        b.measure,
        b.amount,
        CASE
            WHEN count(*) FILTER (WHERE b.same_weekday) >= 3 THEN any_value(b.usual) FILTER (WHERE b.same_weekday)
            ELSE median(b.earlier)
        END AS usual,
        quantile_disc(abs(b.earlier - b.usual), 0.9) AS deviation
    FROM before AS b
    WHERE b.known >= 7
    GROUP BY b.created_on, b.measure, b.amount
)

SELECT
    b.created_on::VARCHAR AS key,
    b.measure,
    round(b.amount)::BIGINT AS amount,
    round(b.usual)::BIGINT AS usual
FROM bands AS b
WHERE abs(b.amount - b.usual) > greatest(
    CASE WHEN b.measure = 'runs' THEN 3 ELSE 4 END * b.deviation,
    0.5 * b.usual,
    CASE WHEN b.measure = 'runs' THEN 2.5 * sqrt(b.usual) ELSE 1 END
)
ORDER BY key, b.measure;
