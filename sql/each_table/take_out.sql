-- The stored copies of rows that have changed are out, within one reach; the rows are added again as they now are.
-- An update in place would have DuckDB write every changed column of the whole row group anew.
DELETE FROM warehouse.main.{table} AS t
WHERE {reach} AND t.id IN (SELECT f.id FROM final_{table} AS f WHERE NOT f._new);
