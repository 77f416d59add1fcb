-- One row per link from a model to a related one; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    coalesce(try_cast(item->>'$.model_id' AS UUID)::VARCHAR, parent_id) AS model_id,
    try_cast(item->>'$.related_model_id' AS UUID)::VARCHAR AS related_model_id,
    try_cast(regexp_extract(item->>'$.sort_order', '^-?\d+$') AS BIGINT) AS sort_order,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    nullif(json_merge_patch(item, '{"id": null, "model_id": null, "related_model_id": null, "sort_order": null, "created_at": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT id, json_extract(related_links, '$[*]') AS items
        FROM main.models
        WHERE json_valid(related_links)
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY model_id, _position
