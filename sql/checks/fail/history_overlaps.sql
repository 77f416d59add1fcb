-- No version of a flow, a model or a price begins before the one before it has ended, or ends before it began.
-- Looked at are the ids that this commit changed. Spans are half open: one may begin where another ends.
-- What to do: this is a fault of Flowledger or of the file; `flowledger replay` builds it again from raw/.
WITH versions AS (
    SELECT 'flows' AS stored_in, f.id, f.valid_from, f.valid_to
    FROM warehouse.main.flows_history AS f
    WHERE f.id IN (SELECT c.id FROM changed_flows AS c)
    UNION ALL
    SELECT 'models' AS stored_in, m.id, m.valid_from, m.valid_to
    FROM warehouse.main.models_history AS m
    WHERE m.id IN (SELECT c.id FROM changed_models AS c)
    UNION ALL
    SELECT 'pricing' AS stored_in, p.id, p.valid_from, p.valid_to
    FROM warehouse.main.pricing_history AS p
    WHERE p.id IN (SELECT c.id FROM changed_pricing AS c)
),

in_order AS (
    SELECT
        v.*,
        max(coalesce(v.valid_to, 'infinity'::TIMESTAMPTZ)) OVER (
            PARTITION BY v.stored_in, v.id
            ORDER BY v.valid_from, v.valid_to NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS taken_until
    FROM versions AS v
)

SELECT o.id::VARCHAR AS key, o.stored_in, o.valid_from, o.valid_to
FROM in_order AS o
WHERE o.valid_from < o.taken_until
   OR o.valid_to < o.valid_from
ORDER BY o.stored_in, key, o.valid_from, o.valid_to NULLS LAST;
