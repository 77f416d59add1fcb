-- The complete lists of price rules that this batch holds: the model, when the list was received, the ids on it.
CREATE OR REPLACE TEMP TABLE listed AS
SELECT
    c.model_id::UUID AS model_id,
    c.read_at,
    coalesce(array_to_string(list_sort(list(DISTINCT s.id::VARCHAR) FILTER (WHERE s.id IS NOT NULL)), ' '), '') AS rules
FROM given_complete AS c
LEFT JOIN stage_pricing AS s ON c.model_id::UUID = s.model_id AND s._fetched_at >= c.read_at
GROUP BY ALL;
