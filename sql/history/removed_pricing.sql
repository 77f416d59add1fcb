-- Price rules that are stored and that a complete list of their model's rules, read in this batch, does not hold.
CREATE OR REPLACE TEMP TABLE removed_now AS
WITH seen AS (
    SELECT s.model_id, max(s._fetched_at) AS fetched_at
    FROM stage_pricing AS s
    GROUP BY s.model_id
),

listed AS (
    SELECT c.model_id::UUID AS model_id, coalesce(s.fetched_at, m._fetched_at, $now) AS read_at
    FROM given_complete AS c
    LEFT JOIN seen AS s ON c.model_id::UUID = s.model_id
    LEFT JOIN warehouse.main.models AS m ON c.model_id::UUID = m.id
)

SELECT p.id, l.read_at
FROM warehouse.main.pricing AS p
INNER JOIN listed AS l ON p.model_id = l.model_id
WHERE
    p._removed_at IS NULL
    AND p._fetched_at <= l.read_at
    AND p.id NOT IN (SELECT s.id FROM stage_pricing AS s WHERE s.id IS NOT NULL);
