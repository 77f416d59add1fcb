-- One row per node of a flow; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    coalesce(try_cast(item->>'$.flow_id' AS UUID)::VARCHAR, parent_id) AS flow_id,
    item->>'$.slug' AS slug,
    item->>'$.label' AS label,
    item->>'$.subtitle' AS subtitle,
    item->>'$.type_code' AS type_code,
    try_cast(item->>'$.x' AS DOUBLE) AS x,
    try_cast(item->>'$.y' AS DOUBLE) AS y,
    try_cast(item->>'$.width' AS DOUBLE) AS width,
    nullif((item->'$.config')::VARCHAR, 'null') AS config,
    try_cast(item->>'$.collapsed' AS BOOLEAN) AS collapsed,
    try_cast(item->>'$.model_id' AS UUID)::VARCHAR AS model_id,
    item->>'$.builtin_node_code' AS builtin_node_code,
    try_cast(item->>'$.comfyui_workflow_id' AS UUID)::VARCHAR AS comfyui_workflow_id,
    try_cast(item->>'$.sub_flow_id' AS UUID)::VARCHAR AS sub_flow_id,
    try_cast(regexp_extract(item->>'$.created_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS created_at,
    try_cast(regexp_extract(item->>'$.updated_at', '^.*(Z|[-+]\d\d:?\d\d)$') AS TIMESTAMPTZ) AS updated_at,
    nullif(json_merge_patch(item, '{"id": null, "flow_id": null, "slug": null, "label": null, "subtitle": null, "type_code": null, "x": null, "y": null, "width": null, "config": null, "collapsed": null, "model_id": null, "builtin_node_code": null, "comfyui_workflow_id": null, "sub_flow_id": null, "created_at": null, "updated_at": null, "flow": null, "inputs": null, "outputs": null}')::VARCHAR, '{}') AS extra,
    _position
FROM (
    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position
    FROM (
        SELECT id, json_extract(nodes, '$[*]') AS items
        FROM main.flows
        WHERE json_valid(nodes)
    )
)
WHERE json_type(item) = 'OBJECT'
ORDER BY flow_id, _position
