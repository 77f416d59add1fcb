"""Reads one listing over a window, whatever of its filter and its sort the server honours.

In: a listing as surveyed and a window. Out: pages in order, each with how far the window is now fully read.
The filter is asked with a padded window and the rows are cut by decode; where it does not work the listing is
read newest first and left as soon as a verified order has passed the window's start.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline import endpoints
from pipeline.decode import Head, row_times
from pipeline.endpoints import Grammar
from pipeline.errors import CursorExpired, CursorLoop, RequestRefused
from pipeline.fetch import Source
from pipeline.paging import read_pages
from pipeline.probe import probe
from pipeline.values import LandedPage, RawPage, Request, Window

PAD = timedelta(minutes=1)
RESTARTS = 2
SAMPLE = 100

TIME_FIELDS = {"logs": "timestamp", "runs": "created_at", "node_runs": "created_at"}


@dataclass(frozen=True, slots=True)
class Listing:
    """What the survey learned of one listing. grammar: the filter that works, or None. embed: relations to ask for."""

    kind: str
    grammar: Grammar | None
    sortable: bool
    embed: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        return TIME_FIELDS[self.kind]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was landed and taken in. times: of its rows, in order. next: the cursor as the server wrote it."""

    landed: LandedPage
    times: list[datetime | None]
    next: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """A page of a listing. reached: every row before it (after it, when descending) is read; None if unknown."""

    page: Page
    reached: datetime | None
    descending: bool


class Order:
    """Whether the rows have come in the order that was asked, so far."""

    def __init__(self, *, descending: bool) -> None:
        self.descending = descending
        self.kept = True
        self.last: datetime | None = None
        self.first: datetime | None = None

    def see(self, times: Iterable[datetime | None]) -> None:
        """Take note of a page's times, in the order of its rows."""
        for time in times:
            if time is None:
                continue
            if self.last is not None and (time > self.last if self.descending else time < self.last):
                self.kept = False
            self.first = self.first or time
            self.last = time

    @property
    def verified(self) -> datetime | None:
        """The newest time seen, if two different ones proved the order; None otherwise."""
        return self.last if self.kept and self.last != self.first else None


def build(
    kind: str, q: str | None, order: str | None, limit: int = endpoints.MAX_LIMIT, embed: tuple[str, ...] = ()
) -> Request:
    """The first request of a listing."""
    if kind == "logs":
        return endpoints.logs(q, order, limit, embed=bool(embed))
    if kind == "runs":
        return endpoints.runs(q, order, limit, embed)
    return endpoints.node_runs("any", q, order, limit)


async def survey(source: Source, kind: str, open_page: Callable[[RawPage], Head]) -> Listing:
    """Ask the listing what it honours: the sort (is it refused?) and the filter (probe, infix then dotted)."""
    field = TIME_FIELDS[kind]

    def rows_of(raw: RawPage) -> list[tuple[str, datetime]]:
        return [(row, time) for row, time in row_times(open_page(raw).items, field) if row and time]

    sortable = True
    sample = build(kind, None, f"{field}:asc", SAMPLE)
    try:
        await source.get(sample, rows_of)
    except RequestRefused as refusal:
        if refusal.status not in {400, 422}:
            raise
        sortable = False
        sample = Request(sample.kind, sample.path, tuple(p for p in sample.params if p[0] != "sort_by"))
    return Listing(kind, await probe(source, sample, field, rows_of), sortable)


async def read(
    source: Source, listing: Listing, window: Window, receive: Callable[[RawPage], Page], *, backwards: bool = False
) -> AsyncIterator[Read]:
    """Yield the listing's pages over the window. A lost cursor restarts it where everything before was read.

    That repeats rows and loses none. Only restarts that got no further are counted. backwards: newest first.
    """
    attempts = 0
    while True:
        left = window
        try:
            async for page in _read_once(source, listing, window, receive, backwards=backwards):
                left = _left_of(window, page)
                yield page
            return
        except (CursorLoop, CursorExpired):
            attempts = attempts + 1 if left == window else 0
            if attempts > RESTARTS:
                raise
            window = left


def _left_of(window: Window, page: Read) -> Window:
    """What of the window is not fully read after this page; rows of the very time it reached may follow."""
    if page.reached is None or not window.start < page.reached < window.end:
        return window
    if page.descending:
        return replace(window, end=page.reached + timedelta(microseconds=1))
    return replace(window, start=page.reached)


async def _read_once(
    source: Source, listing: Listing, window: Window, receive: Callable[[RawPage], Page], *, backwards: bool
) -> AsyncIterator[Read]:
    descending = backwards or listing.grammar is None
    order = Order(descending=descending)
    sort = f"{listing.field}:{'desc' if descending else 'asc'}" if listing.sortable else None
    q = listing.grammar.between(listing.field, window.start - PAD, window.end + PAD) if listing.grammar else None
    request = build(listing.kind, q, sort, embed=listing.embed)
    async for page in read_pages(source, request, receive, lambda page: page.next):
        order.see(page.times)
        reached = order.verified
        yield Read(page, reached, descending)
        if descending and reached is not None and reached < window.start:
            return
