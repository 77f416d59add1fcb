-- From where to where anything was read whole: the widest span that a check of a load can be asked about.
SELECT
    min(least(w.logs_from, w.runs_from)) AS span_start,
    max(greatest(w.logs_to, w.runs_to)) AS span_end
FROM warehouse.ledger.windows AS w
WHERE w.status = 'done';
