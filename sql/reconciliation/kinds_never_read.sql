-- The kinds of target of which not a single run is stored: a key may be allowed to read some and not others.
SELECT k.kind
FROM (
    SELECT 'model' AS kind, EXISTS (SELECT 1 FROM warehouse.main.runs AS r WHERE r.model_id IS NOT NULL) AS is_read
    UNION ALL
    SELECT 'flow' AS kind, EXISTS (SELECT 1 FROM warehouse.main.runs AS r WHERE r.flow_id IS NOT NULL) AS is_read
    UNION ALL
    SELECT
        'ComfyUI workflow' AS kind,
        EXISTS (SELECT 1 FROM warehouse.main.runs AS r WHERE r.comfyui_workflow_id IS NOT NULL) AS is_read
) AS k
WHERE NOT k.is_read
ORDER BY k.kind
