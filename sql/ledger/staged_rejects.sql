-- The rejects of one commit that are news, one row per poison row, each with what the ledger knew of it before.
SELECT
    g.*,
    r.observation AS seen_before,
    r.status AS status_before
FROM given_rejects AS g
LEFT JOIN warehouse.ledger.rejects AS r ON g.reject_id = r.reject_id
WHERE r.observation IS NULL OR r.observation < g.observation;
