-- No run that failed has a cost: the vendor says that failed runs are not billed.
-- What to do: compare with the invoice, and ask the vendor; the cost is stored and added up as it was given.
SELECT r.id::VARCHAR AS key, r.status_code, r.cost
FROM written_runs AS r
WHERE r.status_code IN ('failed', 'errored', 'timeout')
  AND r.cost > 0
ORDER BY key;
