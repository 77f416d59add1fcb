-- A list of price rules that is still the same was last received now.
UPDATE warehouse.ledger.price_lists AS k
SET last_read_at = l.read_at
FROM listed AS l
WHERE
    k.model_id = l.model_id
    AND k.rules = l.rules
    AND l.read_at > k.last_read_at
    AND NOT EXISTS (
        SELECT 1 AS one
        FROM warehouse.ledger.price_lists AS other
        WHERE
            other.model_id = k.model_id
            AND other.first_read_at > k.last_read_at
            AND other.first_read_at <= l.read_at
    );
