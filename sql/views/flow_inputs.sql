-- One row per input of a flow; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    coalesce(try_cast(item->>'$.flow_id' AS UUID)::VARCHAR, parent_id) AS flow_id,
    item->>'$.name' AS name,
    item->>'$.display_name' AS display_name,
    item->>'$.description' AS description,
    item->>'$.variable_type_code' AS variable_type_code,
    item->>'$.validator_code' AS validator_code,
    nullif((item->'$.validator_attrs')::VARCHAR, 'null') AS validator_attrs,
    try_cast(item->>'$.is_required' AS BOOLEAN) AS is_required,
    nullif((item->'$.default_value')::VARCHAR, 'null') AS default_value,
    try_cast(regexp_extract(item->>'$.sort_order', '^-?\d+$') AS BIGINT) AS sort_order,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    try_cast(regexp_extract(item->>'$.updated_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS updated_at,
    nullif(json_merge_patch(item, '{"id": null, "flow_id": null, "name": null, "display_name": null, "description": null, "variable_type_code": null, "validator_code": null, "validator_attrs": null, "is_required": null, "default_value": null, "sort_order": null, "created_at": null, "updated_at": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT id, json_extract(inputs, '$[*]') AS items
        FROM main.flows
        WHERE json_valid(inputs)
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY flow_id, _position
