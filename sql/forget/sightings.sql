-- Sightings of {table} whose digest is no longer that of what they say: a forgotten person was taken out of them.
CREATE OR REPLACE TEMP TABLE unsettled_history_{table} AS
SELECT DISTINCT s.id
FROM warehouse.ledger.{table}_sightings AS s
WHERE NOT s._missing AND s._digest <> {said};
UPDATE warehouse.ledger.{table}_sightings AS s
SET _digest = {said}
WHERE NOT s._missing AND s._digest <> {said};
