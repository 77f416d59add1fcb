-- A price rule that nobody knew, because it could not be read, was missing from the lists received since it was seen.
INSERT INTO sighted_pricing
SELECT DISTINCT s.id, 'missing' AS _digest, NULL AS updated_at, epoch_us(r.read_at) AS observation, r.read_at AS seen_at
FROM stage_pricing AS s
INNER JOIN (
    SELECT k.model_id, k.rules, unnest([k.first_read_at, k.last_read_at]) AS read_at
    FROM warehouse.ledger.price_lists AS k
) AS r ON s.model_id = r.model_id
WHERE
    s.id IN (SELECT u.id FROM unsettled_history_pricing AS u)
    AND s.id NOT IN (SELECT k.id FROM warehouse.ledger.pricing_sightings AS k)
    AND r.read_at > s._fetched_at
    AND NOT contains(r.rules, s.id::VARCHAR);
