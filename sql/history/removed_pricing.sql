-- Price rules whose mark is not what their sightings say: since when they are missing, or NULL where they are there.
CREATE OR REPLACE TEMP TABLE removed_now AS
SELECT p.id, m.removed_at, p._removed_at IS NULL AS is_new
FROM warehouse.main.pricing AS p
INNER JOIN given_marks AS m ON p.id = m.id::UUID
WHERE p._removed_at IS DISTINCT FROM m.removed_at;
