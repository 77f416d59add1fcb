"""Takes in a page of log lines whose runs were cut out: by columns where every line is as declared, else one by one.

In: the page's items with `CUT` in the place of their runs, and those runs. Out: the lines' times, and the columns of
the lines inside the window; None for the columns where the lines were taken in one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

import msgspec
from msgspec import Raw

from pipeline.columns import Columns, make_columns
from pipeline.decode import decode, in_utc
from pipeline.observations import Observations
from pipeline.rows import BadField
from pipeline.splice import CUT, KnownRun, Spliced, restored
from pipeline.values import LandedPage, Window
from pipeline.wire import Log

_LOG = msgspec.json.Decoder(Log)
_NO_RUN = (b"", b"null")


def take_lines(
    seen: Observations, items: Sequence[Raw], spliced: Spliced, page: LandedPage, window: Window | None
) -> tuple[list[datetime | None], Columns | None]:
    """Take in the lines and the runs they came with, in order."""
    seen.turn_to(page, window)
    orders = [seen.order_of(place) for place in range(len(items))]
    try:
        lines = [_LOG.decode(item) for item in items]
        return _by_columns(seen, lines, _runs_of(lines, spliced.runs), orders)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, BadField, LookupError):
        return _one_by_one(seen, items, spliced, orders), None


def _runs_of(lines: Sequence[Log], runs: Sequence[KnownRun]) -> list[KnownRun | None]:
    """The run of each line. LookupError where one stands elsewhere than in its line's `run`, or was not cut out."""
    left = iter(runs)
    found = []
    for line in lines:
        held = bytes(line.run)
        if held == CUT:
            found.append(next(left, None))
        elif held in _NO_RUN:
            found.append(None)
        else:
            raise LookupError
    if next(left, None) is not None:
        raise LookupError
    return found


def _by_columns(
    seen: Observations, lines: Sequence[Log], runs: Sequence[KnownRun | None], orders: Sequence[int]
) -> tuple[list[datetime | None], Columns]:
    times = [in_utc(line.timestamp) for line in lines]
    kept: list[Log] = []
    parents: list[UUID | None] = []
    observed: list[int] = []
    for line, time, run, order in zip(lines, times, runs, orders, strict=True):
        if seen.outside(time):
            continue
        own = seen.known_run(run, order) if run else None
        kept.append(line)
        parents.append(line.run_id if isinstance(line.run_id, UUID) else own)
        observed.append(order)
    made = make_columns("logs", kept, observed, seen.page.fetched_at, {"run_id": parents}, seen.policy)
    if kept:
        seen.sightings.unset["logs"] &= made.unset
    seen.lines += len(made)
    seen.wanted_runs |= {str(parent) for parent in set(parents) if parent}
    return times, made


def _one_by_one(
    seen: Observations, items: Sequence[Raw], spliced: Spliced, orders: Sequence[int]
) -> list[datetime | None]:
    left = iter(spliced.runs)
    times = []
    for item, order in zip(items, orders, strict=True):
        json = bytes(item)
        runs = tuple(islice(left, json.count(CUT)))
        known = runs[0] if len(runs) == 1 and _is_of_line(json) else None
        times.append(seen.log(restored(json, runs) if known is None else json, order, known=known))
    return times


def _is_of_line(json: bytes) -> bool:
    """Whether what was cut out is the run of the line, and the line is good."""
    line = decode("logs", json).wire
    return line is not None and bytes(line.run) == CUT
