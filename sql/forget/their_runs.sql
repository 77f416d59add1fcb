-- Stored runs that these people created, and runs that are known to be theirs from pages or from before.
CREATE OR REPLACE TEMP TABLE their_runs AS
SELECT r.id AS run_id
FROM warehouse.main.runs AS r
WHERE list_contains($ids::UUID[], r.created_by)
UNION
SELECT unnest($runs::UUID[]) AS run_id;
