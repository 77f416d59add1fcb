-- Rows of {table} of which this batch saw something that neither repeats a span of sightings nor extends an open one.
-- A new updated_at from before the span was first seen may say when it began: that is news.
-- Looks are ordered by updated_at and then by observation; those at copies without updated_at by observation alone.
CREATE OR REPLACE TEMP TABLE unsettled_history_{table} AS
SELECT DISTINCT p.id
FROM sighted_{table} AS p
WHERE NOT EXISTS (
    SELECT 1 AS one
    FROM warehouse.ledger.{table}_sightings AS k
    WHERE
        k.id = p.id
        AND k._digest = p._digest
        AND (
            p.updated_at > k._first_updated_at
            OR (
                coalesce(p.updated_at, k._first_updated_at) IS NOT DISTINCT FROM k._first_updated_at
                AND p.observation >= k._first_observation
            )
        )
        AND (
            (
                k._open
                AND (
                    p.updated_at IS NULL
                    OR p.updated_at <= k._last_updated_at
                    OR p.updated_at >= k._first_seen_at
                )
            )
            OR (
                p.seen_at <= k._last_seen_at
                AND (
                    p.updated_at < k._last_updated_at
                    OR (
                        coalesce(p.updated_at, k._last_updated_at) IS NOT DISTINCT FROM k._last_updated_at
                        AND p.observation <= k._last_observation
                    )
                )
            )
        )
);
