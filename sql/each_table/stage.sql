-- Every observation of this batch stands in stage_{table}, each with a digest of what the API said.
CREATE OR REPLACE TEMP TABLE stage_{table} AS
SELECT g.*, {digest} AS _row_hash
FROM given_rows AS g;
