-- Spend as billed per UTC day of created_at and model, beside what the same runs would cost at today's list price.
-- That is told only where it is known, under a NULL reason: a run that succeeded, of known quantity (1 request, or the images
-- in its output), billed exactly as list price times quantity. All other runs stay, with the reason why it is not known.
-- Seconds and megapixels that were made are not reported; what was asked for is no quantity. The list price is that of
-- marts.run_prices; today is when the newest load began.
WITH list_prices AS (
    SELECT
        p.id,
        p.model_id,
        p.unit_code,
        CASE p.currency_code WHEN 'USD' THEN p.price END AS price_usd,
        p.valid_from,
        p.valid_to,
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
    SELECT c.model_id, c.since, p.unit_code, p.price_usd
    FROM changes AS c
    LEFT JOIN list_prices AS p
        ON c.model_id = p.model_id AND p.valid_from <= c.since AND (p.valid_to IS NULL OR c.since < p.valid_to)
    QUALIFY row_number() OVER (PARTITION BY c.model_id, c.since ORDER BY p.sort_order NULLS LAST, p.id) = 1
),

today AS (
    SELECT f.model_id, f.unit_code, f.price_usd
    FROM in_force AS f
    WHERE f.since <= (SELECT max(l.began_at) AS newest FROM ledger.loads AS l)
    QUALIFY row_number() OVER (PARTITION BY f.model_id ORDER BY f.since DESC) = 1
),

priced AS (
    SELECT
        b.day,
        b.model_id,
        b.reason,
        b.cost_usd,
        b.runs,
        b.spend_usd,
        f.unit_code,
        f.price_usd,
        CASE f.unit_code WHEN 'request' THEN 1 WHEN 'image' THEN b.images END AS quantity
    FROM daily.billed_runs AS b
    ASOF LEFT JOIN in_force AS f ON b.model_id = f.model_id AND b.priced_at >= f.since
),

judged AS (
    SELECT
        p.day,
        p.model_id,
        p.runs,
        p.spend_usd,
        p.runs * p.quantity * t.price_usd AS at_todays_price,
        CASE
            WHEN p.reason IS NOT NULL THEN p.reason
            WHEN p.price_usd IS NULL THEN 'no list price in USD at its start'
            WHEN p.unit_code IS NULL OR p.unit_code NOT IN ('request', 'image') THEN 'quantity of this unit is not reported'
            WHEN coalesce(p.quantity, 0) = 0 THEN 'output does not tell the quantity'
            WHEN p.cost_usd <> p.quantity * p.price_usd THEN 'not billed as list price times quantity'
            WHEN t.price_usd IS NULL OR t.unit_code <> p.unit_code THEN 'no list price in USD for this unit today'
        END AS reason
    FROM priced AS p
    LEFT JOIN today AS t ON p.model_id = t.model_id
),

spend AS (
    SELECT
        j.day,
        j.model_id,
        j.reason,
        sum(j.runs)::BIGINT AS runs,
        sum(j.spend_usd) AS spend_usd,
        sum(j.at_todays_price) FILTER (WHERE j.reason IS NULL) AS at_todays_price_usd
    FROM judged AS j
    GROUP BY ALL
)

SELECT
    s.day,
    s.model_id,
    m.slug AS model_slug,
    m.name AS model_name,
    s.reason,
    s.runs,
    s.spend_usd,
    s.at_todays_price_usd
FROM spend AS s
LEFT JOIN main.models AS m ON s.model_id = m.id
ORDER BY s.day NULLS LAST, s.model_id NULLS LAST, s.reason NULLS FIRST
