"""What windows of a plan need not ask for again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.facts import RunFacts
from pipeline.split import Crossing
from pipeline.values import Window

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)
PLAN = [Window(START + n * DAY, START + (n + 1) * DAY) for n in range(4)]


def run(id, created, ended):
    """A run by the days after START on which it was created and ended."""
    at = [None if each is None else START + each * DAY for each in (created, ended)]
    return RunFacts(id, None, None, False, at[0], at[1], ended is not None, None, None)


@pytest.fixture
def crossing():
    made = Crossing()
    made.plan(PLAN)
    made.note(PLAN[1], [run("within", 1.1, 1.2), run("ends later", 1.1, 2.5), run("is open", 1.1, None)])
    return made


def asked(crossing, window, *ids):
    """Those of the ids that the window has to ask for."""
    return asyncio.run(crossing.to_ask(window, set(ids)))


def test_a_run_that_outlives_its_window_is_not_asked_for_by_later_ones(crossing):
    ids = ("within", "ends later", "is open")
    assert asked(crossing, PLAN[2], *ids) == {"within"}
    assert asked(crossing, PLAN[1], *ids) == set(ids)
    assert asked(crossing, PLAN[0], *ids) == set(ids)


def test_what_a_window_asks_for_is_not_asked_for_by_later_ones(crossing):
    assert asked(crossing, PLAN[1], "within", "older") == {"within", "older"}
    assert asked(crossing, PLAN[2], "within", "older", "unknown") == {"unknown"}
    assert asked(crossing, PLAN[0], "older") == {"older"}


def test_a_window_outside_the_plan_asks_and_is_not_relied_on(crossing):
    elsewhere = Window(START, START + DAY / 2)
    crossing.note(elsewhere, [run("other", 0.1, None)])
    assert asked(crossing, elsewhere, "is open") == {"is open"}
    assert asked(crossing, PLAN[3], "other") == {"other"}


def test_what_a_failed_window_has_brought_is_asked_for_again(crossing):
    crossing.note(PLAN[0], [run("older", 0.1, None)])
    crossing.failed(PLAN[1])
    assert asked(crossing, PLAN[2], "ends later", "is open", "older") == {"ends later", "is open"}


def test_what_no_window_in_hand_or_to_come_can_name_is_not_kept(crossing):
    async def fetched():
        for window in PLAN[1:]:
            crossing.begin(window)
        crossing.end(PLAN[1])
        assert await crossing.to_ask(PLAN[2], {"ends later", "is open"}) == set()
        crossing.end(PLAN[2])
        return await crossing.to_ask(PLAN[3], {"ends later", "is open"})

    assert asyncio.run(fetched()) == {"ends later"}


def test_the_first_window_that_brought_a_run_counts(crossing):
    crossing.note(PLAN[2], [run("is open", 1.1, None)])
    assert asked(crossing, PLAN[2], "is open") == set()


def test_a_window_waits_until_those_before_it_have_listed_their_runs(crossing):
    async def both():
        crossing.begin(PLAN[2])
        crossing.begin(PLAN[3])
        waiting = asyncio.create_task(crossing.to_ask(PLAN[3], {"new"}))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await crossing.to_ask(PLAN[2], {"other"}) == {"other"}
        crossing.note(PLAN[2], [run("new", 2.1, None)])
        crossing.listed(PLAN[2])
        return await waiting

    assert asyncio.run(both()) == set()
