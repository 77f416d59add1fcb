"""Finds out whether a listing's filter works: it is believed only when known rows prove it on both sides of a bound.

In: a listing request without a filter. Out: the grammar that works, or None. Source: API contract 2.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from pipeline.endpoints import Grammar
from pipeline.errors import RequestRefused
from pipeline.values import RawPage, Request

Rows = list[tuple[str, datetime]]
REFUSED = frozenset({400, 422})
FEWEST_TIMES = 3
# How coarse a filter may be. One that knows whole hours or days only finds nothing in so short a span.
PRECISION = timedelta(seconds=1)
R = TypeVar("R")


class Source(Protocol):
    """What gets one page: `fetch.Source`."""

    async def get(self, request: Request, receive: Callable[[RawPage], R]) -> R:
        """The page as `receive` made it."""


async def probe(source: Source, sample: Request, field: str, rows_of: Callable[[RawPage], Rows]) -> Grammar | None:
    """Ask for a span inside the sample that holds some of its rows and not others; None when nothing can be proved."""
    known = await source.get(sample, rows_of)
    times = sorted({time for _, time in known})
    if len(times) < FEWEST_TIMES:
        return None
    span = _narrow_span(times)
    if span is None:
        return None
    for grammar in Grammar:
        asked = replace(sample, params=(("q", grammar.between(field, *span)), *sample.params))
        if await _proved(source, asked, rows_of, known, *span):
            return grammar
    return None


def _narrow_span(times: list[datetime]) -> tuple[datetime, datetime] | None:
    """The narrowest span: whatever the order of the rows, they fit on one page. Known rows lie on both sides of it.

    None where every inner row stands on the last microsecond of its hour.
    """
    middle = len(times) // 2
    for place in sorted(range(1, len(times) - 1), key=lambda place: abs(place - middle)):
        low = times[place]
        high = min(times[place + 1], low + PRECISION, _last_of_hour(low))
        if low < high:
            return low, high
    return None


def _last_of_hour(moment: datetime) -> datetime:
    """The last microsecond of the moment's hour."""
    return moment.replace(minute=59, second=59, microsecond=999_999)


async def _proved(
    source: Source, request: Request, rows_of: Callable[[RawPage], Rows], known: Rows, low: datetime, high: datetime
) -> bool:
    try:
        found = await source.get(request, rows_of)
    except RequestRefused as refusal:
        if refusal.status in REFUSED:
            return False
        raise
    inside = {row for row, time in known if low <= time < high}
    return bool(inside) and inside <= {row for row, _ in found} and all(low <= time < high for _, time in found)
