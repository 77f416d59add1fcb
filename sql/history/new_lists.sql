-- A list of price rules that is not the one before is one more row.
INSERT INTO warehouse.ledger.price_lists BY NAME
SELECT l.model_id, l.rules, l.read_at AS first_read_at, l.read_at AS last_read_at
FROM listed AS l
WHERE NOT EXISTS (
    SELECT 1 AS one
    FROM warehouse.ledger.price_lists AS k
    WHERE
        k.model_id = l.model_id
        AND k.rules = l.rules
        AND k.first_read_at <= l.read_at
        AND l.read_at <= k.last_read_at
);
