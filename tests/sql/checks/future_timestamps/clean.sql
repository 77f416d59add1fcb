-- An hour ahead at most; no time at all.
INSERT INTO warehouse.main.logs BY NAME
SELECT
    uid(1) AS id,
    uid(1) AS run_id,
    '2026-11-22 11:00:00Z'::TIMESTAMPTZ AS "timestamp",
    '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS _fetched_at,
    'now' AS _load_id;
INSERT INTO warehouse.main.runs BY NAME
SELECT uid(1) AS id, '2026-11-22 10:00:00Z'::TIMESTAMPTZ AS _fetched_at, 'now' AS _load_id;
