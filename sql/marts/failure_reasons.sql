-- Why runs ended without success, per UTC day of created_at, status, code and stage; no reason given stays, as NULL.
-- Canceled and cancelled are one status. Code, message and stage are looked for wherever the API has ever put them.
SELECT
    f.day,
    f.status,
    f.failure_code,
    f.failure_stage,
    f.runs,
    f.spend_usd,
    f.newest_message,
    f.newest_run_id
FROM daily.failures AS f
ORDER BY f.day NULLS LAST, f.runs DESC, f.status, f.failure_code NULLS LAST, f.failure_stage NULLS LAST
