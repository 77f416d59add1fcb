-- Days that need not be compared now: nothing has changed, and they were equal, or they differed and were asked lately.
-- Lately is twenty hours for a fortnight (a night that begins a minute early must not miss one), and then a twentieth
-- of the day's age, or days that never match would fill the nights.
WITH newest AS (
    SELECT c.day, c.status, c.checked_at
    FROM warehouse.ledger.reconciliation AS c
    QUALIFY row_number() OVER (PARTITION BY c.day ORDER BY c.checked_at DESC NULLS LAST, c.load_id DESC) = 1
)

SELECT n.day
FROM newest AS n
WHERE n.day NOT IN (SELECT t.day FROM warehouse.ledger.touched_days AS t)
  AND (
      n.status IN ('ok', 'healed')
      OR (
          n.checked_at <= $now
          AND $now < n.checked_at + CASE
              WHEN $now - n.day::TIMESTAMPTZ > INTERVAL 15 DAY
                  THEN greatest(($now - n.day::TIMESTAMPTZ) / 20, INTERVAL 20 HOUR)
              ELSE INTERVAL 20 HOUR
          END
      )
  )
