-- Whether a load has read a day again and these figures were left: it compared the day twice, and these came last.
SELECT count(*) > 0 AS read_again
FROM (
    SELECT c.*
    FROM warehouse.ledger.reconciliation AS c
    WHERE c.day = $day
    QUALIFY
        row_number() OVER (PARTITION BY c.load_id ORDER BY c.checked_at DESC) = 1
        AND count(*) OVER (PARTITION BY c.load_id) > 1
) AS l
WHERE l.runs_here = $runs_here
  AND l.runs_there = $runs_there
  AND l.spend_here = $spend_here
  AND l.spend_there = $spend_there
