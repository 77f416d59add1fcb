-- The newest log and the newest run are hardly older than what was read.
-- A source has fallen silent when nothing is newer than two days, nor than five times its longest pause of four weeks,
-- nights and weekends included. It takes a week of rows to know that. A load that ends before the watermark cannot
-- tell, and rows of the future say nothing.
-- What to do: see whether runs are still started, and whether the key still belongs to their organisation.
WITH hours AS (
    SELECT 'logs' AS stored_in, epoch_us(l.timestamp) // 3600000000 AS hour_number, max(l.timestamp) AS newest
    FROM warehouse.main.logs AS l
    WHERE l.timestamp >= $end - INTERVAL 28 DAY
      AND l.timestamp < least($end, $now)
    GROUP BY hour_number
    UNION ALL
    SELECT 'runs' AS stored_in, epoch_us(r.created_at) // 3600000000 AS hour_number, max(r.created_at) AS newest
    FROM warehouse.main.runs AS r
    WHERE r.created_at >= $end - INTERVAL 28 DAY
      AND r.created_at < least($end, $now)
    GROUP BY hour_number
),

pauses AS (
    SELECT
        h.stored_in,
        h.newest,
        h.newest - lag(h.newest) OVER (PARTITION BY h.stored_in ORDER BY h.hour_number) AS pause
    FROM hours AS h
)

SELECT p.stored_in AS key, max(p.newest) AS newest
FROM pauses AS p
WHERE $end >= (SELECT max(w.value) FROM warehouse.ledger.watermarks AS w)
GROUP BY p.stored_in
HAVING max(p.newest) - min(p.newest) >= INTERVAL 7 DAY
   AND least($end, $now) - max(p.newest) > INTERVAL 2 DAY
   AND least($end, $now) - max(p.newest) > 5 * max(p.pause)
ORDER BY key;
