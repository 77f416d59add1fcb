-- How many runs of one day, from $start to $end, are in quarantine, as far as their raw text tells when they were created.
SELECT count(*) AS runs
FROM (
    SELECT CASE WHEN json_valid(q.raw) THEN TRY_CAST(q.raw ->> '$.created_at' AS TIMESTAMPTZ) END AS created_at
    FROM warehouse.ledger.rejects AS q
    WHERE q.object = 'run' AND q.status = 'open'
) AS r
WHERE r.created_at >= $start AND r.created_at < $end
