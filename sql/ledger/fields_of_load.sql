-- Which fields the rows of each table carried in a load, and in earlier loads of the same command: bits of its columns.
-- Another command may ask other endpoints, which carry other keys.
SELECT
    f.table_name,
    bit_or(f.carried) FILTER (WHERE f.load_number = $load) AS carried,
    coalesce(bit_or(f.carried) FILTER (WHERE f.load_number < $load), 0) AS carried_before,
    sum(f.rows) FILTER (WHERE f.load_number = $load)::BIGINT AS rows,
    max(f.read_at) FILTER (WHERE f.load_number = $load) AS read_at,
    arg_min(f.sample_id, f.commit_number) FILTER (WHERE f.load_number = $load) AS sample_id
FROM warehouse.ledger.fields AS f
INNER JOIN warehouse.ledger.loads AS l ON f.load_number = l.number
WHERE f.load_number <= $load
  AND l.command = (SELECT any_value(m.command) FROM warehouse.ledger.loads AS m WHERE m.number = $load)
GROUP BY f.table_name
HAVING sum(f.rows) FILTER (WHERE f.load_number = $load) >= $fewest
ORDER BY f.table_name;
