-- A rebuilt warehouse keeps what no page holds: loads and findings, comparisons, failures, decisions, first sightings.
-- By hand: ATTACH the rebuilt file AS warehouse and the old one AS before (READ_ONLY).
DELETE FROM warehouse.ledger.loads;
INSERT INTO warehouse.ledger.loads BY NAME SELECT b.* FROM before.ledger.loads AS b;
INSERT INTO warehouse.ledger.findings BY NAME SELECT b.* FROM before.ledger.findings AS b;

DELETE FROM warehouse.ledger.reconciliation;
INSERT INTO warehouse.ledger.reconciliation BY NAME SELECT b.* FROM before.ledger.reconciliation AS b;
DELETE FROM warehouse.ledger.touched_days;
INSERT INTO warehouse.ledger.touched_days BY NAME SELECT b.* FROM before.ledger.touched_days AS b;
INSERT INTO warehouse.ledger.touched_days BY NAME
WITH days_here AS (
    SELECT (r.created_at AT TIME ZONE 'UTC')::DATE::VARCHAR AS day, count(*) AS runs, sum(r.cost) AS spend
    FROM warehouse.main.runs AS r
    WHERE r.created_at IS NOT NULL
    GROUP BY day
),

days_before AS (
    SELECT (r.created_at AT TIME ZONE 'UTC')::DATE::VARCHAR AS day, count(*) AS runs, sum(r.cost) AS spend
    FROM before.main.runs AS r
    WHERE r.created_at IS NOT NULL
    GROUP BY day
)

SELECT h.day
FROM (SELECT d.* FROM days_here AS d EXCEPT SELECT d.* FROM days_before AS d) AS h
WHERE h.day NOT IN (SELECT t.day FROM warehouse.ledger.touched_days AS t);
INSERT INTO warehouse.ledger.incomplete_runs BY NAME SELECT b.* FROM before.ledger.incomplete_runs AS b;

INSERT INTO warehouse.ledger.windows BY NAME SELECT b.* FROM before.ledger.windows AS b WHERE b.status = 'failed';
UPDATE warehouse.ledger.windows AS w SET committed_at = b.committed_at
FROM before.ledger.windows AS b
WHERE w.load_number = b.load_number AND w.commit_number = b.commit_number;

UPDATE warehouse.ledger.watermarks AS w SET value = b.value, load_id = b.load_id, moved_at = b.moved_at
FROM before.ledger.watermarks AS b
WHERE w.name = b.name AND b.value >= w.value;
INSERT INTO warehouse.ledger.watermarks BY NAME
SELECT b.* FROM before.ledger.watermarks AS b
WHERE b.name NOT IN (SELECT w.name FROM warehouse.ledger.watermarks AS w);

UPDATE warehouse.ledger.rejects AS r
SET status = 'discarded', resolved_at = b.resolved_at
FROM before.ledger.rejects AS b
WHERE r.reject_id = b.reject_id AND b.status = 'discarded';
INSERT INTO warehouse.ledger.rejects BY NAME
SELECT b.* FROM before.ledger.rejects AS b
WHERE b.status <> 'open' AND b.reject_id NOT IN (SELECT r.reject_id FROM warehouse.ledger.rejects AS r);

UPDATE warehouse.ledger.drift AS d
SET
    first_seen_at = b.first_seen_at,
    last_seen_at = b.last_seen_at,
    count = b.count,
    sample_id = b.sample_id,
    detail = b.detail
FROM before.ledger.drift AS b
WHERE d.table_name = b.table_name
  AND d.path = b.path
  AND d.kind = b.kind
  AND (d.kind = 'unknown' OR d.detail = b.detail);
-- Which fields are missing was judged at the end of each load; no page says which loads ended.
DELETE FROM warehouse.ledger.drift
WHERE kind = 'missing' AND EXISTS (FROM before.ledger.fields);
INSERT INTO warehouse.ledger.drift BY NAME
SELECT b.* FROM before.ledger.drift AS b
WHERE b.kind = 'missing' AND EXISTS (FROM before.ledger.fields);

UPDATE warehouse.ledger.codes AS c
SET first_seen_at = b.first_seen_at, last_seen_at = b.last_seen_at, count = b.count, sample_id = b.sample_id
FROM before.ledger.codes AS b
WHERE c.table_name = b.table_name AND c.column_name = b.column_name AND c.value = b.value;

UPDATE warehouse.ledger.open_runs AS o
SET first_seen_at = b.first_seen_at, last_read_at = b.last_read_at, reads = b.reads
FROM before.ledger.open_runs AS b
WHERE o.run_id = b.run_id;

INSERT INTO warehouse.ledger.forgotten BY NAME SELECT b.* FROM before.ledger.forgotten AS b;
INSERT INTO warehouse.ledger.forgotten_runs BY NAME SELECT b.* FROM before.ledger.forgotten_runs AS b;

DELETE FROM warehouse.ledger.meta;
INSERT INTO warehouse.ledger.meta BY NAME SELECT b.* FROM before.ledger.meta AS b;
