-- No run has a status that Flowledger does not know; a run without a status is as the API sent it.
-- What to do: such a run counts as open and is read again every night. If its status is final, upgrade Flowledger.
SELECT r.id::VARCHAR AS key, r.status_code
FROM written_runs AS r
WHERE r.status_code NOT IN (
    'queued', 'dispatching', 'running',
    'succeeded', 'partial_succeeded', 'failed', 'canceled', 'cancelled', 'errored', 'timeout'
)
ORDER BY key;
