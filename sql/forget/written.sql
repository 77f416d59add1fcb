-- What was written in runs that a forgotten person created is as if it had never been said; costs, times and codes stay.
-- their_runs: the ids of those runs.
UPDATE warehouse.main.{table} AS t
SET {emptied}, extra = NULL, _absent = t._absent | {bits}, _loaded_at = $now, _load_id = $load
FROM their_runs AS r
WHERE t.{run} = r.run_id AND ({said} OR t.extra IS NOT NULL OR t._absent & {bits} <> {bits});
