-- What a load read: from and to of its windows and, of a backfill, of the range it was given, in the text of arguments.
-- Of that range an earlier load may have read a part.
SELECT
    min(w.start_at) AS windows_from,
    max(w.end_at) AS windows_to,
    any_value(l.arguments ->> 'from') AS given_from,
    any_value(l.arguments ->> 'to') AS given_to
FROM warehouse.ledger.loads AS l
LEFT JOIN warehouse.ledger.windows AS w ON l.number = w.load_number AND w.status = 'done'
WHERE l.load_id = $load_id;
