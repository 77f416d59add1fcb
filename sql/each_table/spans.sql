-- Each day of which this batch has keys, as a UUIDv7 tells its day, with the first and the last of them.
-- Keys that tell no day are one more row, the first.
SELECT
    CASE
        WHEN substr(s.{key}::VARCHAR, 15, 1) = '7'
            THEN ('0x' || replace(substr(s.{key}::VARCHAR, 1, 13), '-', ''))::BIGINT // 86400000
    END AS day,
    min(s.{key})::VARCHAR AS first,
    max(s.{key})::VARCHAR AS last
FROM stage_{table} AS s
GROUP BY 1
ORDER BY 1 NULLS FIRST;
