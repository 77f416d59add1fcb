-- The versions of the rows of {table} that were folded anew, each with a digest of its tracked columns.
CREATE OR REPLACE TEMP TABLE versions_{table} AS
SELECT v.*, {versions} AS _row_hash
FROM given_versions AS v;
