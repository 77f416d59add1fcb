-- The observations of unsettled ids that were seen more than once, or are stored; the stored ones are added next.
CREATE OR REPLACE TEMP TABLE observed_{table} AS
SELECT s.* EXCLUDE (_row_hash), {no_marks}false AS _stored
FROM stage_{table} AS s
INNER JOIN unsettled_{table} AS u ON s.id = u.id
WHERE u.stored OR u.observations > 1;
