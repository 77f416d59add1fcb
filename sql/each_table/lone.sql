-- Rows of unsettled ids that were seen once and are not stored: there is nothing to resolve.
CREATE OR REPLACE TEMP TABLE resolved_{table} AS
SELECT s.* EXCLUDE (_row_hash), {no_marks}s._row_hash
FROM stage_{table} AS s
INNER JOIN unsettled_{table} AS u ON s.id = u.id
WHERE NOT u.stored AND u.observations = 1;
