-- What the merge changed: each row once, with the days whose files are to be published again.
CREATE OR REPLACE TEMP TABLE changed_{table} AS
SELECT f.id, CASE WHEN f._new THEN 'insert' ELSE 'update' END AS action, f.old_day, f.new_day
FROM final_{table} AS f;
