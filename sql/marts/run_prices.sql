-- One row per run of a model: the list price in force when it started, and the cost as billed, which is never recomputed.
-- The list price is the model's rule without a match, an input and bounds; of several the one with the lowest sort_order.
-- The moment is started_at, else created_at; a rule is in force in [valid_from, valid_to). A run without a rule stays, with
-- NULLs. Options cost extra: cost_usd need not be price_usd times a quantity.
WITH list_prices AS (
    SELECT
        p.id,
        p.model_id,
        p.unit_code,
        CASE p.currency_code WHEN 'USD' THEN p.price END AS price_usd,
        p.valid_from,
        p.valid_to,
        p.assumed,
        p.sort_order
    FROM main.pricing_history AS p
    WHERE
        coalesce(p.match_value::VARCHAR, 'null') = 'null'
        AND p.model_input_id IS NULL
        AND p.min_value IS NULL
        AND p.max_value IS NULL
        AND (p.valid_to IS NULL OR p.valid_to > p.valid_from)
),

changes AS (
    SELECT p.model_id, p.valid_from AS since FROM list_prices AS p
    UNION
    SELECT p.model_id, p.valid_to AS since FROM list_prices AS p WHERE p.valid_to IS NOT NULL
),

in_force AS (
    SELECT
        c.model_id,
        c.since,
        p.id AS pricing_id,
        p.unit_code,
        p.price_usd,
        p.valid_from,
        p.valid_to,
        p.assumed
    FROM changes AS c
    LEFT JOIN list_prices AS p
        ON c.model_id = p.model_id AND p.valid_from <= c.since AND (p.valid_to IS NULL OR c.since < p.valid_to)
    QUALIFY row_number() OVER (PARTITION BY c.model_id, c.since ORDER BY p.sort_order NULLS LAST, p.id) = 1
),

model_runs AS (
    SELECT r.id, r.model_id, r.status_code, r.created_at, coalesce(r.started_at, r.created_at) AS priced_at, r.cost
    FROM main.runs AS r
    WHERE r.model_id IS NOT NULL
)

SELECT
    r.id AS run_id,
    r.created_at,
    (r.created_at AT TIME ZONE 'UTC')::DATE AS day,
    r.model_id,
    m.slug AS model_slug,
    m.name AS model_name,
    CASE r.status_code WHEN 'cancelled' THEN 'canceled' ELSE r.status_code END AS status,
    r.priced_at,
    f.pricing_id,
    f.unit_code,
    f.price_usd,
    f.valid_from,
    f.valid_to,
    f.assumed AS is_assumed,
    r.cost AS cost_usd
FROM model_runs AS r
ASOF LEFT JOIN in_force AS f ON r.model_id = f.model_id AND r.priced_at >= f.since
LEFT JOIN main.models AS m ON r.model_id = m.id
ORDER BY r.created_at NULLS LAST, r.id
