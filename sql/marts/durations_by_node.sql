-- How long the ended steps of each node of a flow took, by duration_ms; quantiles are DOUBLE, interpolated.
-- A step that is not over or has no duration is counted in node_runs alone; names are of the flow's newest state.
WITH durations AS (
    SELECT
        s.flow_id,
        s.node_id,
        count(*) AS node_runs,
        count(s.duration_ms) FILTER (WHERE s._terminal) AS timed_node_runs,
        quantile_cont(s.duration_ms::DOUBLE, 0.50) FILTER (WHERE s._terminal) AS p50_ms,
        quantile_cont(s.duration_ms::DOUBLE, 0.95) FILTER (WHERE s._terminal) AS p95_ms,
        quantile_cont(s.duration_ms::DOUBLE, 0.99) FILTER (WHERE s._terminal) AS p99_ms,
        max(s.duration_ms) FILTER (WHERE s._terminal) AS max_ms
    FROM main.node_runs AS s
    GROUP BY ALL
),

items AS (
    SELECT
        f.id AS flow_id,
        unnest(json_extract(f.nodes, '$[*]')) AS item
    FROM main.flows AS f
    WHERE json_valid(f.nodes)
),

nodes AS (
    SELECT
        i.flow_id,
        TRY_CAST(i.item->>'$.id' AS UUID)::VARCHAR AS node_id,
        any_value(i.item->>'$.slug') AS node_slug,
        any_value(i.item->>'$.label') AS node_label
    FROM items AS i
    GROUP BY ALL
)

SELECT
    d.flow_id,
    f.slug AS flow_slug,
    f.name AS flow_name,
    d.node_id,
    n.node_slug,
    n.node_label,
    d.node_runs,
    d.timed_node_runs,
    d.p50_ms,
    d.p95_ms,
    d.p99_ms,
    d.max_ms
FROM durations AS d
LEFT JOIN main.flows AS f ON d.flow_id = f.id
LEFT JOIN nodes AS n ON d.flow_id = n.flow_id AND d.node_id = n.node_id
ORDER BY d.flow_id NULLS LAST, d.node_id NULLS LAST
