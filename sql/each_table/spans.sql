-- The keys of this batch in runs of contiguous days, as a UUIDv7 tells its day; other keys in one span without a day.
WITH keys AS (
    SELECT DISTINCT
        s.{key} AS key,
        CASE
            WHEN substr(s.{key}::VARCHAR, 15, 1) = '7'
                THEN ('0x' || replace(substr(s.{key}::VARCHAR, 1, 13), '-', ''))::BIGINT // 86400000
        END AS day
    FROM stage_{table} AS s
),

islands AS (
    SELECT k.key, k.day, k.day - dense_rank() OVER (ORDER BY k.day) AS island
    FROM keys AS k
)

SELECT i.day IS NOT NULL AS dated, min(i.key)::VARCHAR AS first, max(i.key)::VARCHAR AS last
FROM islands AS i
GROUP BY i.day IS NOT NULL, i.island
ORDER BY 1, 2;
