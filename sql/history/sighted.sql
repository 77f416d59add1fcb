-- Every look of this batch at a row of {table}: when it was, and a digest of what the copy says and leaves out.
CREATE OR REPLACE TEMP TABLE sighted_{table} AS
SELECT DISTINCT
    s.id,
    {said} AS _digest,
    s.updated_at,
    s._observation AS observation,
    s._fetched_at AS seen_at
FROM stage_{table} AS s
WHERE s.id IS NOT NULL;
