-- One row per example run of a model; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    coalesce(try_cast(item->>'$.model_id' AS UUID)::VARCHAR, parent_id) AS model_id,
    item->>'$.title' AS title,
    item->>'$.description' AS description,
    nullif((item->'$.input')::VARCHAR, 'null') AS input,
    nullif((item->'$.output')::VARCHAR, 'null') AS output,
    try_cast(regexp_extract(item->>'$.status_code', '^-?\d+$') AS BIGINT) AS status_code,
    try_cast(regexp_extract(item->>'$.cost', '^[-+]?(\d*\.?\d{0,18}0*|\d+[eE][-+]?(\d|1[0-8])|\d*\.\d{1,8}[eE][-+]?\d)$') AS DECIMAL(38,18)) AS cost,
    item->>'$.start_type' AS start_type,
    nullif((item->'$.timing')::VARCHAR, 'null') AS timing,
    try_cast(regexp_extract(item->>'$.duration_ms', '^-?\d+$') AS BIGINT) AS duration_ms,
    try_cast(regexp_extract(item->>'$.total_ms', '^-?\d+$') AS BIGINT) AS total_ms,
    item->>'$.thumbnail_url' AS thumbnail_url,
    item->>'$.category_code' AS category_code,
    try_cast(item->>'$.is_featured' AS BOOLEAN) AS is_featured,
    try_cast(item->>'$.is_public' AS BOOLEAN) AS is_public,
    try_cast(regexp_extract(item->>'$.sort_order', '^-?\d+$') AS BIGINT) AS sort_order,
    try_cast(regexp_extract(item->>'$.ran_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS ran_at,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    try_cast(regexp_extract(item->>'$.updated_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS updated_at,
    nullif(json_merge_patch(item, '{"id": null, "model_id": null, "title": null, "description": null, "input": null, "output": null, "status_code": null, "cost": null, "start_type": null, "timing": null, "duration_ms": null, "total_ms": null, "thumbnail_url": null, "category_code": null, "is_featured": null, "is_public": null, "sort_order": null, "ran_at": null, "created_at": null, "updated_at": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT id, json_extract(examples, '$[*]') AS items
        FROM main.models
        WHERE json_valid(examples)
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY model_id, _position
