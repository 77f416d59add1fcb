-- One row per input of a node of a flow; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    coalesce(try_cast(item->>'$.flow_node_id' AS UUID)::VARCHAR, parent_id) AS flow_node_id,
    item->>'$.name' AS name,
    item->>'$.display_name' AS display_name,
    item->>'$.variable_type_code' AS variable_type_code,
    item->>'$.validator_code' AS validator_code,
    nullif((item->'$.validator_attrs')::VARCHAR, 'null') AS validator_attrs,
    try_cast(item->>'$.is_required' AS BOOLEAN) AS is_required,
    nullif((item->'$.default_value')::VARCHAR, 'null') AS default_value,
    try_cast(regexp_extract(item->>'$.sort_order', '^-?\d+$') AS BIGINT) AS sort_order,
    item->>'$.behavior_code' AS behavior_code,
    nullif((item->'$.value')::VARCHAR, 'null') AS value,
    try_cast(item->>'$.source_output_id' AS UUID)::VARCHAR AS source_output_id,
    item->>'$.connection_label' AS connection_label,
    item->>'$.connection_style_code' AS connection_style_code,
    try_cast(item->>'$.retry_source_output_id' AS UUID)::VARCHAR AS retry_source_output_id,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    try_cast(regexp_extract(item->>'$.updated_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS updated_at,
    nullif(json_merge_patch(item, '{"id": null, "flow_node_id": null, "name": null, "display_name": null, "variable_type_code": null, "validator_code": null, "validator_attrs": null, "is_required": null, "default_value": null, "sort_order": null, "behavior_code": null, "value": null, "source_output_id": null, "connection_label": null, "connection_style_code": null, "retry_source_output_id": null, "created_at": null, "updated_at": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT try_cast(item->>'$.id' AS UUID) AS id, json_extract(item, '$.inputs[*]') AS items
        FROM (
            SELECT unnest(json_extract(nodes, '$[*]')) AS item
            FROM main.flows
            WHERE json_valid(nodes)
        )
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY flow_node_id, _position
