-- Tables of which earlier loads have read enough rows for a code that was not among them to be news.
SELECT f.table_name
FROM warehouse.ledger.fields AS f
WHERE f.load_number < $load
GROUP BY f.table_name
HAVING sum(f.rows) >= $fewest;
