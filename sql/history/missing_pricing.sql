-- Stored price rules that a complete list of their model's rules, read in this batch, does not hold: a look as well.
-- A rule is on the list when this batch holds a copy of it that was received with the list, or after it.
INSERT INTO sighted_pricing
SELECT p.id, 'missing' AS _digest, NULL AS updated_at, epoch_us(c.read_at) AS observation, c.read_at AS seen_at
FROM warehouse.main.pricing AS p
INNER JOIN given_complete AS c ON p.model_id = c.model_id::UUID
WHERE NOT EXISTS (
    SELECT 1 AS one FROM stage_pricing AS s WHERE s.id = p.id AND s._fetched_at >= c.read_at
);
