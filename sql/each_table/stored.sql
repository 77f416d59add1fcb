-- The stored rows of unsettled ids within one reach, whole: each takes part as one more observation.
INSERT INTO observed_{table} BY NAME
SELECT {stored}, true AS _stored
FROM warehouse.main.{table} AS t
WHERE {reach} AND t.id IN (SELECT u.id FROM unsettled_{table} AS u WHERE u.stored);
