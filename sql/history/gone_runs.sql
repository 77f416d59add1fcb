-- Runs that the API no longer has: stored, not marked yet, and not seen since the API said so.
CREATE OR REPLACE TEMP TABLE gone_now AS
SELECT r.id, (r.created_at AT TIME ZONE 'UTC')::DATE AS day, g.gone_at
FROM warehouse.main.runs AS r
INNER JOIN given_gone AS g ON r.id = g.id::UUID
WHERE r._gone_at IS NULL AND r._fetched_at <= g.gone_at;
