"""The history of a row is a function of the set of looks at it, whatever their order: it is what a plain fold gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from pipeline import warehouse
from pipeline.history import keep_versions
from pipeline.looks import Look, Span, missing_span
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from pipeline.versions import history_of
from tests.property.warehouse_rows import staged

PRICING = TABLES["pricing"]
T0 = datetime(2026, 11, 1, tzinfo=UTC)
BORN = T0 - timedelta(days=9)
HOUR, MINUTE, MICROSECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
COLUMNS = ("price", "description", "disabled_at")
BITS = {name: 1 << PRICING.names.index(name) for name in (*COLUMNS, "updated_at")}
Version = tuple[datetime, datetime | None, bool, tuple[Any, ...]]


@dataclass(frozen=True)
class Event:
    """A look at the rule, or a complete list without it (known is None). updated_at: None where the copy has none."""

    order: int
    updated_at: datetime | None
    known: tuple[tuple[str, Any], ...] | None

    @property
    def seen_at(self) -> datetime:
        return T0 + self.order * HOUR


def moments(before: datetime, seen_at: datetime):
    return st.sampled_from([before + (seen_at - before) / 2, seen_at - MINUTE])


@st.composite
def timelines(draw, *, stale: bool, most: int = 9):
    """What a source showed of one rule, in order; with stale copies an old state may be shown again."""
    changed_at, state = BORN, {"price": Decimal(1), "description": "a", "disabled_at": None}
    states, events = [], []
    for order in range(draw(st.integers(1, most))):
        seen_at = T0 + order * HOUR
        move = draw(st.sampled_from(["same", "same", "stated", "silent", "counter", "missing", "stale"]))
        if move == "missing" and order:
            events.append(Event(order, None, None))
            continue
        if move in {"stated", "silent"}:
            name = draw(st.sampled_from(COLUMNS))
            disabled_at = draw(st.sampled_from([None, seen_at - HOUR / 3]))
            values = {"price": Decimal(1 + order % 3), "description": "ab"[order % 2], "disabled_at": disabled_at}
            state = state | {name: values[name]}
        if move in {"stated", "counter"}:
            # A source that shows no stale copy shows no change, either, that it did not show the hour before.
            changed_at = draw(moments(changed_at if stale else max(changed_at, seen_at - HOUR), seen_at))
        states.append((changed_at, state))
        at, shown = draw(st.sampled_from(states)) if stale and move == "stale" else states[-1]
        said = [name for name in COLUMNS if order == 0 or draw(st.integers(0, 4))]
        dated = bool(draw(st.integers(0, 5)))
        events.append(Event(order, at if dated else None, tuple((name, shown[name]) for name in said)))
    return events


def placed(events: list[Event]) -> list[tuple[datetime, Event]]:
    """The looks in the order of versions: by updated_at, or the newest that was seen before."""
    looks = [event for event in events if event.known is not None]
    oldest = min([look.updated_at for look in looks if look.updated_at], default=T0)
    result = []
    for place, look in enumerate(looks):
        before = [each.updated_at for each in looks[:place] if each.updated_at]
        result.append((look.updated_at or max(before, default=oldest), look))
    return sorted(result, key=lambda each: (each[0], each[1].order))


def plain_fold(events: list[Event]) -> list[Version]:
    """The rule, word by word, over everything that was ever seen."""
    events = sorted(events, key=lambda event: event.order)
    looks = placed(events)
    said = [dict(look.known) for _, look in looks]

    def state(place: int) -> tuple[Any, ...]:
        found = []
        for name in COLUMNS:
            earlier = [known[name] for known in said[: place + 1] if name in known]
            later = [known[name] for known in said if name in known]
            found.append(earlier[-1] if earlier else later[0] if later else None)
        return tuple(found)

    runs = [(key, [looks[i] for i in group]) for key, group in groupby(range(len(looks)), key=state)]
    begins, stated = [BORN], [True]
    for (key_before, _), (key, mine) in pairwise(runs):
        old, (_, first) = dict(zip(COLUMNS, key_before, strict=True)), mine[0]
        telling = [(at, look) for at, look in mine if differ(dict(look.known), old)]
        last = max(at for at, look in looks[: looks.index(mine[0])] if differ(dict(look.known), dict(first.known)))
        dated = [(at, True) for at, look in telling if look.updated_at and at > last]
        begin, sure = min([*dated, *((look.seen_at, False) for at, look in telling if (at, True) not in dated)])
        if key[2] and key[2] != key_before[2] and key[2] < begin:
            begin, sure = key[2], True
        begins.append(begin)
        stated.append(sure)
    for i in reversed(range(len(runs) - 1)):
        if not stated[i] and any(stated[i + 1 :]):
            begins[i] = min(begins[i], begins[i + 1] - MICROSECOND)
    for i in range(1, len(runs)):
        begins[i] = max(begins[i], begins[i - 1] + MICROSECOND)
    found: list[Version] = []
    for i, (key, _) in enumerate(runs):
        ends = [end for end in (key[2], begins[i + 1] if i + 1 < len(runs) else None) if end]
        end = max(min(ends), begins[i]) if ends else None
        found += [(start, stop, False, key) for start, stop in there(begins[i], end, events)]
    return [(*found[0][:2], looks[0][0] != BORN, found[0][3]), *found[1:]]


def differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(one[name] != other[name] for name in one.keys() & other.keys())


def there(begin: datetime, end: datetime | None, events: list[Event]) -> list[tuple[datetime, datetime | None]]:
    """What is left of a span without the times at which the rule was missing."""
    pieces = [(begin, end)]
    first = next(event.order for event in events if event.known is not None)
    missing = False
    for event in events:
        if event.known is None and not missing and event.order > first:
            missing, since = True, event.seen_at
            pieces = [p for start, stop in pieces for p in cut(start, stop, since, None)]
        elif event.known is not None and missing:
            missing, back = False, event.seen_at
            if event.updated_at and since < event.updated_at < back:
                back = event.updated_at
            if end is None or back < end:
                pieces.append((max(back, begin), end))
    kept = [(start, stop) for start, stop in pieces if stop is None or start < stop]
    return kept or [(begin, begin)]


def cut(start: datetime, stop: datetime | None, since: datetime, _: None) -> list[tuple[datetime, datetime | None]]:
    return [(start, since if stop is None else min(stop, since))] if start < since else []


def is_torn(events: list[Event]) -> bool:
    """What spans cannot tell: a break that comes late among three or more equal looks, or equal ones out of order."""
    looks = placed(sorted(events, key=lambda event: event.order))
    lists = [event.order for event in events if event.known is None]
    kinds: dict[Any, list[int]] = {}
    for place, (_, look) in enumerate(looks):
        kinds.setdefault((look.known, look.updated_at is None), []).append(place)
    for (known, _), places in kinds.items():
        orders = [looks[place][1].order for place in places]
        if lists and orders != sorted(orders):
            return True
        moved = len({looks[place][0] for place in places}) > 1
        if len(places) > 2 and (moved or is_broken(dict(known), looks[places[0] : places[-1]], lists)):
            return True
    return len(lists) > 2 and any(lists[0] < look.order < lists[-1] for _, look in looks)


def is_broken(mine: dict[str, Any], between: list[tuple[datetime, Event]], lists: list[int]) -> bool:
    others = [dict(look.known) for _, look in between]
    orders = [look.order for _, look in between]
    return bool(orders and lists and min(orders) < lists[-1]) or any(differ(mine, known) for known in others)


def batches_of(data, events: list[Event]) -> list[list[Event]]:
    """The events in a drawn order, in batches; some come twice.

    The first look comes first, or nobody would know what a list lacks. No batch holds both a list and a look.
    """
    order = [events[0], *data.draw(st.permutations(events[1:]))]
    batches: list[list[Event]] = [[]]
    for event in [*order, *data.draw(st.lists(st.sampled_from(events), max_size=3))]:
        mixed = len({each.known is None for each in [*batches[-1], event]}) > 1
        if batches[-1] and (mixed or not data.draw(st.integers(0, 2))):
            batches.append([])
        batches[-1].append(event)
    return batches


def spans_of(batch: list[Event]) -> list[Span]:
    made = []
    for event in batch:
        look = Look(event.updated_at, event.order, event.seen_at)
        digest = repr((event.known, event.updated_at is None))
        made.append(
            missing_span(event.seen_at, event.seen_at)
            if event.known is None
            else Span(digest, dict(event.known), BORN, look, look, dated=event.updated_at is not None)
        )
    return made


def folded(batches: list[list[Event]]) -> list[Version]:
    spans: list[Span] = []
    for batch in batches:
        history = history_of([*spans, *spans_of(batch)], ["disabled_at"])
        spans = history.spans
    return [(v.valid_from, v.valid_to, v.assumed, tuple(v.state.get(n) for n in COLUMNS)) for v in history.versions]


quickly = settings(max_examples=120, deadline=None)


@quickly
@given(timelines(stale=True), st.data())
def test_any_order_split_or_repetition_of_looks_gives_the_versions_of_a_plain_fold(events, data):
    assume(not is_torn(events))
    assert folded(batches_of(data, events)) == plain_fold(events)


@quickly
@given(timelines(stale=False, most=16), st.data())
def test_looks_in_order_give_the_versions_of_a_plain_fold_however_they_are_split(events, data):
    edges = sorted({0, len(events), *data.draw(st.lists(st.integers(0, len(events)), max_size=9))})
    batches = [events[a:b] for a, b in pairwise(edges)]
    assert folded([*batches, *data.draw(st.lists(st.sampled_from(batches), max_size=2))]) == plain_fold(events)


@quickly
@given(timelines(stale=True, most=16))
def test_versions_never_overlap_and_touch_where_the_row_was_there(events):
    versions = folded([events])
    starts = [start for start, *_ in versions]
    assert starts == sorted(set(starts))
    for start, stop, *_ in versions:
        assert stop is None or start <= stop
    gone = any(event.known is None for event in events) or any(state[2] for *_, state in versions)
    for (_, stop, *_), (start, *_) in pairwise(versions):
        assert stop is not None
        assert stop <= start if gone else stop == start


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    opened = warehouse.connect(tmp_path_factory.mktemp("history") / "warehouse.duckdb", None)
    yield opened
    opened.close()


def observed(n: int, event: Event) -> dict[str, Any]:
    known = dict(event.known)
    absent = sum(BITS[name] for name in COLUMNS if name not in known)
    fixed = {"id": UUID(int=n + 1), "model_id": UUID(int=1000 + n), "created_at": BORN, "_terminal": False}
    # A copy without updated_at has the null of a source that says so.
    return {**fixed, **known, "updated_at": event.updated_at, "_observation": event.order, "_absent": absent,
            "_fetched_at": event.seen_at}  # fmt: skip


def committed(con, each_batches: list[list[list[Event]]]) -> dict[int, list[Version]]:
    """The versions of many rules at once, batch by batch, by the statements that a commit runs."""
    for name in ("main.pricing", "main.pricing_history", "ledger.pricing_sightings", "ledger.price_lists"):
        con.execute(f"DELETE FROM warehouse.{name}")
    for turn in range(max(map(len, each_batches))):
        now = [(n, event) for n, batches in enumerate(each_batches) if turn < len(batches) for event in batches[turn]]
        stage(con, PRICING, staged(PRICING, [observed(n, event) for n, event in now if event.known is not None]))
        lists: dict[int, list[Event]] = {}
        for n, event in now:
            if event.known is None:
                lists.setdefault(n, []).append(event)
        with warehouse.transaction(con):
            merge(con, PRICING, "load", T0)
            for one in range(max([1, *map(len, lists.values())])):
                complete = {str(UUID(int=1000 + n)): each[one].seen_at for n, each in lists.items() if one < len(each)}
                keep_versions(con, PRICING, "load", T0, complete)
    rows = con.execute(
        "SELECT id, valid_from, valid_to, assumed, price, description, disabled_at "
        "FROM warehouse.main.pricing_history ORDER BY id, valid_from"
    ).fetchall()
    found: dict[int, list[Version]] = {n: [] for n in range(len(each_batches))}
    for key, start, stop, assumed, *state in rows:
        found[key.int - 1].append((start, stop, assumed, tuple(state)))
    return found


# Many rules at once, for a commit costs the same; what fails is made small by the properties without a database.
@settings(
    max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(st.data())
def test_what_a_commit_stores_is_what_a_plain_fold_gives(con, data):
    rules = [
        events for events in data.draw(st.lists(timelines(stale=True), min_size=10, max_size=14)) if not is_torn(events)
    ]
    assume(rules)
    stored = committed(con, [batches_of(data, events) for events in rules])
    assert stored == {n: plain_fold(events) for n, events in enumerate(rules)}
