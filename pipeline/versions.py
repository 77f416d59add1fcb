"""How one row of a source changed: looks at it in, half-open versions out, whatever the order in which they came.

Pure. What a copy does not say is taken from the look before it, and where there is none from the one after it. Source:
ADR 16.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pipeline.looks import MISSING, Placed, Span, State, contradict, joined, joined_missing, placed

MICROSECOND = timedelta(microseconds=1)
Gap = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Version:
    """The row was so in [valid_from, valid_to). assumed: valid_from is taken to be created_at, and not known."""

    valid_from: datetime
    valid_to: datetime | None
    assumed: bool
    state: State


@dataclass(frozen=True, slots=True)
class History:
    """What all looks at one row come to. removed_at: since when it is missing from complete lists."""

    spans: list[Span]
    versions: list[Version]
    removed_at: datetime | None


@dataclass(slots=True)
class _Draft:
    """A version that is being made. stated: the source says when it begins, and not only we when it was seen."""

    begin: datetime
    stated: bool
    state: State


def history_of(spans: Iterable[Span], ends: Sequence[str]) -> History:
    """Fold spans, stored ones and single looks alike. ends: columns that say when a state stops being in force."""
    spans = list(spans)
    present = placed([span for span in spans if span.digest != MISSING])
    missing = sorted({look.seen_at for span in spans if span.digest == MISSING for look in (span.first, span.last)})
    seen = sorted({each.look.seen_at for each in present})
    gaps = _gaps(present, missing)
    versions = _versions(present, ends, gaps) if present else []
    removed_at = gaps[-1][0] if gaps and gaps[-1][1] is None else None
    return History([*joined(present, missing), *joined_missing(missing, seen)], versions, removed_at)


def _gaps(present: Sequence[Placed], missing: Sequence[datetime]) -> list[Gap]:
    """When the row was not there: from a list that lacks it to the next look at it, or to the change it shows."""
    looks = sorted(present, key=lambda each: (each.look.seen_at, each.look.observation))
    seen = [each.look.seen_at for each in looks]
    gaps: dict[int, Gap] = {}
    for moment in missing:
        before = bisect_left(seen, moment)
        if before == 0 or before in gaps:
            continue
        back = looks[before] if before < len(looks) else None
        gaps[before] = (moment, _returned(back, moment) if back else None)
    return list(gaps.values())


def _returned(back: Placed, moment: datetime) -> datetime:
    stated = back.look.updated_at if back.span.dated else None
    return stated if stated and moment < stated < back.look.seen_at else back.look.seen_at


def _versions(present: Sequence[Placed], ends: Sequence[str], gaps: Sequence[Gap]) -> list[Version]:
    born = min((p.span.created_at for p in present if p.span.created_at), default=None)
    drafts = _drafts(present, born)
    _date(drafts, ends)
    made = []
    for draft, after in zip(drafts, [*drafts[1:], None], strict=True):
        limits = [moment for moment in (_end(draft.state, ends), after.begin if after else None) if moment]
        end = max(min(limits), draft.begin) if limits else None
        made += [Version(begin, stop, False, draft.state) for begin, stop in _outside(draft.begin, end, gaps)]
    return [replace(made[0], assumed=born is None or born != present[0].at), *made[1:]]


def _drafts(present: Sequence[Placed], born: datetime | None) -> list[_Draft]:
    """The states that followed each other. One begins when the source says so, if not where the change was first seen.

    The source says so by an updated_at later than that of the last copy that showed a changed column as it was before.
    """
    state: dict[str, Any] = {}
    for each in reversed(present):
        state |= each.span.known
    first = present[0]
    drafts = [_Draft(born or first.at or first.look.seen_at, True, dict(state))]
    shown_at: dict[str, datetime | None] = {}
    unchanged_at: datetime | None = None
    for each in present:
        known = each.span.known
        changed = [name for name, value in known.items() if value != state[name]]
        if changed:
            unchanged_at = max(filter(None, (shown_at[name] for name in changed)), default=None)
            state = {**state, **known}
        shown_at |= dict.fromkeys(known, each.at)
        stated = each.span.dated and each.at is not None and (unchanged_at is None or each.at > unchanged_at)
        begin = each.at if each.at is not None and stated else each.look.seen_at
        if changed:
            drafts.append(_Draft(begin, stated, state))
        elif len(drafts) > 1 and begin < drafts[-1].begin and contradict(known, drafts[-2].state):
            drafts[-1] = _Draft(begin, stated, state)
    return drafts


def _date(drafts: list[_Draft], ends: Sequence[str]) -> None:
    """Bring the beginnings in order: what was only seen gives way to what the source says, and no two are equal."""
    for before, draft in pairwise(drafts):
        end = _end(draft.state, ends)
        if end is not None and end != _end(before.state, ends) and end < draft.begin:
            draft.begin, draft.stated = end, True
    limit: datetime | None = None
    for draft in reversed(drafts):
        if draft.stated:
            limit = draft.begin
        elif limit is not None:
            limit = draft.begin = min(draft.begin, limit - MICROSECOND)
    for before, draft in pairwise(drafts):
        draft.begin = max(draft.begin, before.begin + MICROSECOND)


def _end(state: State, ends: Sequence[str]) -> datetime | None:
    return min((state[name] for name in ends if state.get(name)), default=None)


def _outside(begin: datetime, end: datetime | None, gaps: Sequence[Gap]) -> list[tuple[datetime, datetime | None]]:
    """What is left of [begin, end) outside the gaps; an empty span at its beginning where nothing is."""
    left: list[tuple[datetime, datetime | None]] = []
    at: datetime | None = begin
    for start, stop in gaps:
        if at is None or (end is not None and start >= end) or (stop is not None and stop <= at):
            continue
        if start > at:
            left.append((at, start))
        at = stop
    if at is not None and (end is None or at < end):
        left.append((at, end))
    return left or [(begin, begin)]
