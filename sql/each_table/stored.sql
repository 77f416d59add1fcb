-- The stored rows of unsettled ids, whole: each takes part as one more observation.
INSERT INTO observed_{table} BY NAME
SELECT {stored}, true AS _stored
FROM {rows} AS t
WHERE t.id IN (SELECT u.id FROM unsettled_{table} AS u WHERE u.stored);
