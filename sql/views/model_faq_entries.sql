-- One row per question about a model; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    coalesce(try_cast(item->>'$.model_id' AS UUID)::VARCHAR, parent_id) AS model_id,
    item->>'$.question' AS question,
    item->>'$.answer' AS answer,
    try_cast(regexp_extract(item->>'$.sort_order', '^-?\d+$') AS BIGINT) AS sort_order,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    try_cast(regexp_extract(item->>'$.updated_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS updated_at,
    nullif(json_merge_patch(item, '{"id": null, "model_id": null, "question": null, "answer": null, "sort_order": null, "created_at": null, "updated_at": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT id, json_extract(faq_entries, '$[*]') AS items
        FROM main.models
        WHERE json_valid(faq_entries)
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY model_id, _position
