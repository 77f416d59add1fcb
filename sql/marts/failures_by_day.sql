-- How many of the ended runs of each target failed, per UTC day of created_at; days without an ended run are left out.
-- failure_rate is failed / ended_runs, a DOUBLE. failed: failed, errored or timeout; canceled runs have ended only.
-- The target is the flow, else the model, else the ComfyUI workflow of the run; runs of none stay, under NULL.
WITH ended AS (
    SELECT
        r.day,
        CASE
            WHEN r.flow_id IS NOT NULL THEN 'flow'
            WHEN r.model_id IS NOT NULL THEN 'model'
            WHEN r.comfyui_workflow_id IS NOT NULL THEN 'comfyui_workflow'
        END AS target_kind,
        coalesce(r.flow_id, r.model_id, r.comfyui_workflow_id) AS target_id,
        sum(r.runs)::BIGINT AS ended_runs,
        coalesce(sum(r.runs) FILTER (WHERE r.status_code IN ('failed', 'errored', 'timeout')), 0)::BIGINT AS failed
    FROM daily.run_counts AS r
    WHERE r.has_ended
    GROUP BY ALL
)

SELECT
    e.day,
    e.target_kind,
    e.target_id,
    coalesce(f.slug, m.slug) AS target_slug,
    coalesce(f.name, m.name) AS target_name,
    e.ended_runs,
    e.failed,
    e.failed::DOUBLE / e.ended_runs AS failure_rate
FROM ended AS e
LEFT JOIN main.flows AS f ON e.target_kind = 'flow' AND e.target_id = f.id
LEFT JOIN main.models AS m ON e.target_kind = 'model' AND e.target_id = m.id
ORDER BY e.day NULLS LAST, e.target_kind NULLS LAST, e.target_id NULLS LAST
