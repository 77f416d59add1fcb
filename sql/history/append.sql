-- Each new version is one more row of the history; none is ever taken out.
INSERT INTO warehouse.main.{table}_history BY NAME
SELECT v.id, v.valid_from, v.valid_to, v.assumed, {tracked}, $load AS _load_id, v._tracked_hash AS _row_hash
FROM versions_{table} AS v;
