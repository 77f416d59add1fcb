-- One row per user who created a flow, in the newest known state; a value that does not fit its type is NULL.
SELECT
    try_cast(item->>'$.id' AS UUID)::VARCHAR AS id,
    item->>'$.email' AS email,
    item->>'$.first_name' AS first_name,
    item->>'$.last_name' AS last_name,
    item->>'$.avatar_url' AS avatar_url,
    nullif(json_merge_patch(item, '{"id": null, "email": null, "first_name": null, "last_name": null, "avatar_url": null}')::VARCHAR, '{}') AS extra
FROM (SELECT id AS parent_id, created_by_user AS item, _observation FROM main.flows WHERE json_valid(created_by_user))
WHERE json_type(item) = 'OBJECT' AND (item->>'$.id') IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY (item->>'$.id') ORDER BY _observation DESC, parent_id) = 1
ORDER BY id
