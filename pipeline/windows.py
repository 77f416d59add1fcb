"""Planning: which spans of time a run reads. Pure; every span is half open [start, end) in UTC microseconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from pipeline.errors import UsageError
from pipeline.values import Window

Span = tuple[datetime, datetime]
# A time, or its microseconds.
Point = TypeVar("Point", datetime, int)

DAY = timedelta(days=1)
FIRST_REACH = timedelta(days=30)
MOST_WINDOWS = 100_000
SWEPT_DAYS = 7


def split(start: datetime, end: datetime, width: timedelta) -> list[Window]:
    """Windows of `width` from `start` on, the last one shorter; together exactly [start, end), in order.

    UsageError when the width is not above 0 or makes more than MOST_WINDOWS windows. An empty span has no windows.
    """
    if width <= timedelta(0):
        raise UsageError("The width of a window must be above 0, such as 1d or 6h.")
    if start >= end:
        return []
    count = -((start - end) // width)
    if count > MOST_WINDOWS:
        raise UsageError(f"That makes {count} windows of {width}; choose wider ones, such as 1d.")
    edges = [start.astimezone(UTC) + width * index for index in range(count)]
    return _between([*edges, end.astimezone(UTC)])


def plan_nightly(
    watermark: datetime | None,
    end: datetime,
    start: datetime | None,
    lookback: timedelta,
    sweep: timedelta,
) -> list[Window]:
    """The nightly's windows, oldest first, cut at UTC midnight; empty when there is nothing before `end`.

    Where only runs are read again a window has up to SWEPT_DAYS: nearly all of it is stored, and each costs a commit.
    Without a watermark, logs and runs begin at `start` (30 days before the end when None). With one, logs begin
    `lookback` before it, and runs reach back `sweep` before it, or to the beginning of the logs where that is
    earlier: however many nights were missed, a run is read once more when its sweep is over. An `end` before the
    watermark counts in its place: where that came to lie in the future, the newest logs are still read every night.
    Neither reaches back before a `start` that the loaded history began at, so that any number of nights and one
    backfill load the same rows. A `start` after the watermark is no such beginning and limits nothing: no span may be
    left out.
    """
    if watermark is None:
        logs_from = runs_from = start or end - FIRST_REACH
    else:
        logs_from, sweep_from = min(watermark, end) - lookback, min(watermark, end) - sweep
        if start is not None and start <= watermark:
            logs_from, sweep_from = max(logs_from, start), max(sweep_from, start)
        runs_from = min(logs_from, sweep_from)
    swept = _midnights(runs_from, min(logs_from, end))[SWEPT_DAYS - 1 :: SWEPT_DAYS]
    inner = [edge for edge in (*swept, logs_from, *_midnights(logs_from, end)) if runs_from < edge < end]
    if runs_from >= end:
        return []
    edges = sorted({runs_from, *inner, end})
    return [Window(w.start, w.end, logs=w.start >= logs_from) for w in _between([e.astimezone(UTC) for e in edges])]


def merged(covered: Iterable[tuple[Point, Point]]) -> list[tuple[Point, Point]]:
    """The same cover as disjoint spans in order; spans that touch become one, empty spans vanish."""
    result: list[tuple[Point, Point]] = []
    for start, end in sorted(span for span in covered if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def contiguous_end(covered: Iterable[Span], start: datetime) -> datetime:
    """End of the cover that holds `start` without a break: the watermark. `start` itself when it is not covered."""
    return next((last for first, last in merged(covered) if first <= start < last), start)


def gaps(covered: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """What of [start, end) is not covered, in order."""
    result: list[Span] = []
    reached = start
    for first, last in merged(covered):
        if reached < min(first, end):
            result.append((reached, min(first, end)))
        reached = max(reached, last)
    if reached < end:
        result.append((reached, end))
    return result


def _between(edges: list[datetime]) -> list[Window]:
    return [Window(start, end) for start, end in pairwise(edges)]


def _midnights(start: datetime, end: datetime) -> list[datetime]:
    first = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    return [first + DAY * index for index in range(max(0, -((first - end) // DAY)))]
