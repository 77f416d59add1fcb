-- What the merge changed by inserting rows that were seen once: each with the day whose file is to be published again.
INSERT INTO changed_{table} BY NAME
SELECT s.id, 'insert' AS action, {staged_day} AS new_day
FROM stage_{table} AS s
WHERE {lone};
