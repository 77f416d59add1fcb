"""A filter is believed only when rows that are known to exist prove it."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from itertools import cycle
from operator import itemgetter

import httpx
import pytest

from pipeline.decode import read_head, row_times
from pipeline.endpoints import Grammar, logs
from pipeline.errors import AccessRefused
from pipeline.fetch import Source
from pipeline.probe import probe
from pipeline.settings import Settings

SETTINGS = Settings(api_url="https://api.example", rate=9_000)
NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
INFIX = re.compile(r"timestamp >= (\S+) AND timestamp < (\S+)")
DOTTED = re.compile(r"timestamp\.gte:'(\S+)' AND timestamp\.lt:'(\S+)'")


def every(gap, count=9):
    return [NOON + n * gap for n in range(count)]


def floor(**zeros):
    """A filter that sees no more of a time than it was made for."""

    def rough(time, low, high):
        low, high = low.replace(**zeros), high.replace(**zeros)
        return low <= time < high

    return rough


def exact(time, low, high):
    return low <= time < high


SECOND = {"microsecond": 0}
HOUR = {"minute": 0, "second": 0, **SECOND}
DAY = {"hour": 0, **HOUR}


def probed(times, holds, grammars=(INFIX, DOTTED), refused=200, newest_first=False):
    """Probe an API whose filter keeps the rows that `holds`; other grammars get `refused`, or with 200 every row."""
    asked = []

    async def answer(request):
        q = request.url.params.get("q")
        asked.append(q)
        kept = sorted(enumerate(times), key=itemgetter(1), reverse=newest_first)
        spans = [pattern.fullmatch(q) for pattern in grammars] if q else []
        span = next((found for found in spans if found), None)
        if span:
            low, high = map(datetime.fromisoformat, span.groups())
            kept = [(row, time) for row, time in kept if holds(time, low, high)]
        rows = [{"id": str(row), "timestamp": time.isoformat()} for row, time in kept]
        status = refused if q and not span else 200
        return httpx.Response(status, stream=httpx.ByteStream(json.dumps(rows[:100]).encode()))

    def rows_of(raw):
        return [(row, time) for row, time in row_times(read_head(raw.body).items, "timestamp") if row and time]

    async def run():
        async with Source(SETTINGS, transport=httpx.MockTransport(answer)) as source:
            return await probe(source, logs(None, "timestamp:asc", 100, embed=False), "timestamp", rows_of)

    return asyncio.run(run()), asked


SPREADS = [timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=7), timedelta(hours=5), timedelta(days=1)]


@pytest.mark.parametrize("gap", SPREADS, ids=str)
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_filter_that_works_is_believed(gap, newest_first):
    grammar, asked = probed(every(gap), exact, newest_first=newest_first)
    assert grammar is Grammar.INFIX
    assert len(asked) == 2


@pytest.mark.parametrize("refused", [200, 400, 422])
def test_the_dotted_grammar_is_found_when_infix_is_ignored_or_refused(refused):
    assert probed(every(timedelta(minutes=7)), exact, [DOTTED], refused)[0] is Grammar.DOTTED


@pytest.mark.parametrize("refused", [200, 400, 422])
def test_an_api_that_ignores_or_refuses_both_grammars_has_none(refused):
    grammar, asked = probed(every(timedelta(minutes=7)), exact, [], refused)
    assert grammar is None
    assert len(asked) == 3


@pytest.mark.parametrize("gap", SPREADS, ids=str)
@pytest.mark.parametrize(
    "holds",
    [
        pytest.param(lambda time, low, _: time >= low, id="lower bound only"),
        pytest.param(lambda time, _, high: time < high, id="upper bound only"),
        pytest.param(lambda time, low, high: time >= low or time < high, id="or"),
        pytest.param(lambda time, low, high: low < time < high, id="lower bound excluded"),
        pytest.param(lambda *_: False, id="always empty"),
        pytest.param(lambda *_: True, id="always all"),
        pytest.param(lambda time, low, high: not low <= time < high, id="negated"),
        pytest.param(floor(**DAY), id="whole days"),
        pytest.param(floor(**HOUR), id="whole hours"),
    ],
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_filter_that_half_works_is_not_believed(holds, gap, newest_first):
    assert probed(every(gap), holds, newest_first=newest_first)[0] is None


@pytest.mark.parametrize("before", [timedelta(seconds=59, microseconds=200_000), timedelta(seconds=59)], ids=str)
def test_whole_hours_are_not_believed_at_the_turn_of_an_hour(before):
    late = NOON.replace(minute=59, microsecond=700_000) + before
    assert probed([late - timedelta(hours=9), late, late + timedelta(hours=9)], floor(**HOUR))[0] is None


def test_a_filter_as_fine_as_a_second_is_believed_for_the_windows_are_padded():
    assert probed(every(timedelta(minutes=7)), floor(**SECOND))[0] is Grammar.INFIX


def test_every_row_of_the_span_must_come_back():
    times = [NOON - timedelta(1), NOON, NOON, NOON, NOON + timedelta(1)]
    assert probed(times, exact)[0] is Grammar.INFIX
    chosen = cycle([True, True, False])
    assert probed(times, lambda *span: exact(*span) and next(chosen))[0] is None


def test_a_row_on_the_last_microsecond_of_an_hour_disproves_nothing():
    last = NOON.replace(minute=59, second=59, microsecond=999_999)
    assert probed([NOON, last, last + timedelta(hours=2, microseconds=1)], exact)[0] is None
    assert probed([NOON, NOON + timedelta(seconds=5), last, last + timedelta(hours=3)], exact)[0] is Grammar.INFIX


@pytest.mark.parametrize("times", [[], [NOON], [NOON] * 50, [NOON, NOON + timedelta(1)] * 20], ids=len)
def test_too_few_times_prove_nothing_and_nothing_is_asked(times):
    assert probed(times, exact) == (None, [None])


def test_a_refusal_that_is_not_about_the_filter_is_not_taken_for_one():
    with pytest.raises(AccessRefused):
        probed(every(timedelta(minutes=7)), exact, [], refused=403)
