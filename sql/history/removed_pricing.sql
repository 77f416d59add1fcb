-- Price rules that are stored and that a complete list of their model's rules, read in this batch, does not hold.
CREATE OR REPLACE TEMP TABLE removed_now AS
SELECT p.id, c.read_at
FROM warehouse.main.pricing AS p
INNER JOIN given_complete AS c ON p.model_id = c.model_id::UUID
WHERE
    p._removed_at IS NULL
    AND p._fetched_at <= c.read_at
    AND p.id NOT IN (SELECT s.id FROM stage_pricing AS s WHERE s.id IS NOT NULL);
