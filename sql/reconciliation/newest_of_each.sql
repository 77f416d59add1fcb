-- The status of each day's newest comparison.
SELECT c.day, c.status
FROM warehouse.ledger.reconciliation AS c
QUALIFY row_number() OVER (PARTITION BY c.day ORDER BY c.checked_at DESC NULLS LAST, c.load_id DESC) = 1
ORDER BY c.day
