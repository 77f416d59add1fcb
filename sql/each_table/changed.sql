-- What the merge changed of the resolved rows: each row once, with the days whose files are to be published again.
INSERT INTO changed_{table} BY NAME
SELECT f.id, CASE WHEN f._new THEN 'insert' ELSE 'update' END AS action, f.old_day, f.new_day
FROM final_{table} AS f;
