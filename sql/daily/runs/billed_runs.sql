-- Billed runs per UTC day of created_at and model, with what a price is compared with: alike where they are the same.
-- reason: why no price can be compared with them; where there is none, cost, priced_at and images are those of each run.
-- images: how many are in the output of a run; NULL where the output does not tell.
WITH judged AS (
    SELECT
        r.*,
        CASE
            WHEN r.model_id IS NULL THEN 'no model'
            WHEN r.status_code IS DISTINCT FROM 'succeeded' THEN 'did not succeed'
            WHEN r.cost IS NULL THEN 'no cost'
        END AS reason
    FROM runs AS r
)

SELECT
    (j.created_at AT TIME ZONE 'UTC')::DATE AS day,
    j.model_id,
    j.reason,
    CASE WHEN j.reason IS NULL THEN coalesce(j.started_at, j.created_at) END AS priced_at,
    CASE WHEN j.reason IS NULL THEN j.cost END AS cost_usd,
    CASE
        WHEN j.reason IS NOT NULL THEN NULL
        WHEN json_type(j.output, '$.outputs') = 'ARRAY'
            THEN CASE
                WHEN
                    list_distinct(json_extract_string(j.output, '$.outputs[*].type')) = ['image']
                    AND len(json_extract_string(j.output, '$.outputs[*].type'))
                    = json_array_length(j.output, '$.outputs')
                    THEN json_array_length(j.output, '$.outputs')
            END
        WHEN json_type(j.output, '$.image_urls') = 'ARRAY' THEN json_array_length(j.output, '$.image_urls')
        WHEN json_type(j.output, '$.images') = 'ARRAY' THEN json_array_length(j.output, '$.images')
        WHEN json_type(j.output, '$.image') = 'ARRAY' THEN json_array_length(j.output, '$.image')
        WHEN json_type(j.output, '$.image') = 'OBJECT' THEN 1
        WHEN json_type(j.output, '$.url') = 'VARCHAR' THEN 1
        WHEN json_type(j.output, '$.output_url') = 'VARCHAR' THEN 1
        WHEN json_type(j.output) = 'VARCHAR' THEN 1
    END::BIGINT AS images,
    count(*) AS runs,
    coalesce(sum(j.cost), 0::DECIMAL(38, 18)) AS spend_usd
FROM judged AS j
GROUP BY ALL
ORDER BY day NULLS LAST, j.model_id NULLS LAST
