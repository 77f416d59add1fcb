-- Each day of which {rows} has keys, as a UUIDv7 tells its day, with the first and the last of them.
-- Keys that tell no day, and rows without a key, are one more row, the first.
SELECT
    CASE
        WHEN substr(k.key::VARCHAR, 15, 1) = '7'
            THEN ('0x' || replace(substr(k.key::VARCHAR, 1, 13), '-', ''))::BIGINT // 86400000
    END AS day,
    min(k.key)::VARCHAR AS first,
    max(k.key)::VARCHAR AS last
FROM (SELECT DISTINCT s.{key} AS key FROM {rows} AS s) AS k
GROUP BY 1
ORDER BY 1 NULLS FIRST;
