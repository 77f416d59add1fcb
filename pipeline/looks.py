"""Looks at one row of a source, in the order of its versions, and the spans in which it was seen unchanged.

Pure. Looks are ordered by the source's `updated_at`, then by observation. Equal looks without a break between them are
kept as one span: its first and its last look stand for all of them. Source: ADR 16.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

MISSING = "missing"

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the row. updated_at: of a copy without one, the newest that is known to have been seen before it."""

    updated_at: datetime | None
    observation: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Looks at one state without a break between them.

    known: the columns that the copies say something about; empty where the row was missing from a complete list.
    last: the last look in the order of versions, with the newest time at which the state was seen.
    dated: whether the copies carry an updated_at.
    """

    digest: str
    known: State
    created_at: datetime | None
    first: Look
    last: Look
    dated: bool = True
    open: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """A look at a span, with the updated_at by which it is ordered."""

    at: datetime | None
    look: Look
    span: Span


def placed(spans: Iterable[Span]) -> list[Placed]:
    """The looks in the order of versions. One without an updated_at stands at the newest that was seen before it."""
    looks = {(span.digest, look): span for span in spans for look in (span.first, span.last)}
    by_observation = sorted(looks.items(), key=lambda item: item[0][1].observation)
    stated = (look.updated_at for (_, look), span in by_observation if span.dated)
    oldest = min(filter(None, stated), default=None)
    newest: datetime | None = None
    found = []
    for (_, look), span in by_observation:
        if span.dated and look.updated_at:
            newest = max(newest or look.updated_at, look.updated_at)
            found.append(Placed(look.updated_at, look, span))
        else:
            known = max(filter(None, (look.updated_at, newest)), default=None)
            found.append(Placed(known or oldest, replace(look, updated_at=known), span))
    # Either all have a time or none has.
    return sorted(found, key=lambda p: ((p.at,) if p.at else (), p.look.observation, p.span.digest))


def joined(present: Sequence[Placed], missing: Sequence[datetime]) -> list[Span]:
    """Join the looks at each state as far as none between them contradicts it."""
    closed: list[Span] = []
    open_spans: dict[str, Span] = {}
    for each in present:
        span, look = each.span, each.look
        refuted = [digest for digest, other in open_spans.items() if contradict(other.known, span.known)]
        closed += [replace(open_spans.pop(digest), open=False) for digest in refuted]
        before = open_spans.pop(span.digest, None)
        if before and _any_between(missing, before.last.seen_at, look.seen_at):
            closed.append(replace(before, open=False))
            before = None
        if before is None:
            open_spans[span.digest] = replace(span, first=look, last=look)
        else:
            last = replace(look, seen_at=max(look.seen_at, before.last.seen_at))
            created_at = min(filter(None, (before.created_at, span.created_at)), default=None)
            open_spans[span.digest] = replace(before, last=last, created_at=created_at)
    newest = missing[-1] if missing else None
    left = [replace(s, open=newest is None or newest <= s.last.seen_at) for s in open_spans.values()]
    return [*closed, *left]


def joined_missing(missing: Sequence[datetime], seen: Sequence[datetime]) -> list[Span]:
    """Join the lists that did not hold the row as far as it was not seen between them."""
    runs: list[list[datetime]] = []
    for moment in missing:
        if runs and bisect_left(seen, runs[-1][-1]) == bisect_left(seen, moment):
            runs[-1].append(moment)
        else:
            runs.append([moment])
    return [missing_span(run[0], run[-1], is_open=bisect_left(seen, run[-1]) == len(seen)) for run in runs]


def missing_span(first: datetime, last: datetime, *, is_open: bool = True) -> Span:
    """From the first to the last complete list that did not hold the row."""
    first_look, last_look = (Look(None, int(at.timestamp() * 1_000_000), at) for at in (first, last))
    return Span(MISSING, {}, None, first_look, last_look, open=is_open)


def contradict(one: State, other: State) -> bool:
    """Whether both say something about a column, and not the same."""
    return any(one[name] != other[name] for name in one.keys() & other.keys())


def _any_between(moments: Sequence[datetime], one: datetime, other: datetime) -> bool:
    """Whether a list was read after the earlier look, and not later than the other."""
    earlier, later = sorted((one, other))
    return bisect_right(moments, earlier) < bisect_right(moments, later)
