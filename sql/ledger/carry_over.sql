-- A rebuilt warehouse keeps what no page holds: loads and findings, comparisons, failures, decisions, first sightings.
-- By hand: ATTACH the rebuilt file AS warehouse and the old one AS before (READ_ONLY).
DELETE FROM warehouse.ledger.loads;
INSERT INTO warehouse.ledger.loads BY NAME SELECT b.* FROM before.ledger.loads AS b;
INSERT INTO warehouse.ledger.findings BY NAME SELECT b.* FROM before.ledger.findings AS b;
INSERT INTO warehouse.ledger.reconciliation BY NAME SELECT b.* FROM before.ledger.reconciliation AS b;

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
SET first_seen_at = b.first_seen_at, last_seen_at = b.last_seen_at, count = b.count
FROM before.ledger.drift AS b
WHERE d.table_name = b.table_name AND d.path = b.path AND d.kind = b.kind;

UPDATE warehouse.ledger.open_runs AS o
SET first_seen_at = b.first_seen_at, last_read_at = b.last_read_at, reads = b.reads
FROM before.ledger.open_runs AS b
WHERE o.run_id = b.run_id;

DELETE FROM warehouse.ledger.meta;
INSERT INTO warehouse.ledger.meta BY NAME SELECT b.* FROM before.ledger.meta AS b;
