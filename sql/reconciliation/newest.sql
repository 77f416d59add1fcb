-- The newest comparison of a day: what counts for it until it is compared again.
SELECT c.status, c.runs_here, c.runs_there, c.spend_here, c.spend_there, c.explanation, c.checked_at, c.load_id
FROM warehouse.ledger.reconciliation AS c
WHERE c.day = $day
ORDER BY c.checked_at DESC NULLS LAST, c.load_id DESC
LIMIT 1
