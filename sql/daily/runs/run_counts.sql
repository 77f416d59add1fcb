-- Runs and exact spend per UTC day of created_at, target and state: what every mart that adds up runs is made of.
SELECT
    (r.created_at AT TIME ZONE 'UTC')::DATE AS day,
    r.flow_id,
    r.model_id,
    r.comfyui_workflow_id,
    r.status_code,
    coalesce(r._terminal, false) AS has_ended,
    r._gone_at IS NOT NULL AS is_gone,
    count(*) AS runs,
    count(*) FILTER (WHERE r.cost IS NULL) AS runs_without_cost,
    coalesce(sum(r.cost), 0::DECIMAL(38, 18)) AS spend_usd,
    min(r.created_at) AS first_run_at,
    max(r.created_at) AS last_run_at
FROM runs AS r
GROUP BY ALL
ORDER BY day NULLS LAST, r.flow_id NULLS LAST, r.model_id NULLS LAST
