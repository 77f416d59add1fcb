-- One row per star recently given to a flow; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    try_cast(item->>'$.user_id' AS UUID)::VARCHAR AS user_id,
    coalesce(try_cast(item->>'$.flow_id' AS UUID)::VARCHAR, parent_id) AS flow_id,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    nullif(json_merge_patch(item, '{"id": null, "user_id": null, "flow_id": null, "created_at": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT id, json_extract(recent_stars, '$[*]') AS items
        FROM main.flows
        WHERE json_valid(recent_stars)
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY flow_id, _position
