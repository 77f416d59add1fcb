"""A clock that is wrong: what comes from the API tells, and what an earlier wrong clock has left ages all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from pipeline.errors import ClockAhead
from pipeline.fetch import _refuse_from_the_future
from pipeline.snapshot import prune

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def served(ahead, **more):
    """The headers of an answer whose server is so far behind this machine's clock."""
    return httpx.Headers({"Date": format_datetime(NOW - ahead, usegmt=True), **more})


@pytest.mark.parametrize("ahead", [-400 * DAY, -HOUR, timedelta(0), HOUR])
def test_a_clock_that_is_behind_or_a_little_ahead_is_nobodys_business(ahead):
    _refuse_from_the_future(NOW, served(ahead))


@pytest.mark.parametrize("ahead", [2 * HOUR, DAY, 400 * DAY])
def test_a_clock_that_is_far_ahead_is_told_with_how_far(ahead):
    with pytest.raises(ClockAhead, match=rf"{ahead // HOUR:,} hours ahead .* 2026-11-20T12:00Z.*Set the clock"):
        _refuse_from_the_future(NOW, served(ahead))


def test_the_time_that_an_answer_spent_in_a_cache_is_not_the_clocks():
    _refuse_from_the_future(NOW, served(DAY, Age="86400"))
    with pytest.raises(ClockAhead):
        _refuse_from_the_future(NOW, served(2 * DAY, Age="86400"))


@pytest.mark.parametrize("headers", [{}, {"Date": "today"}, {"Date": ""}, {"Date": "Fri, 20 Nov 1026", "Age": "old"}])
def test_a_date_that_is_missing_or_none_says_nothing(headers):
    _refuse_from_the_future(NOW, httpx.Headers(headers))


def versions(published, *days):
    for number, day in enumerate(days):
        (published / "snapshots" / f"{NOW + day * DAY:%Y%m%dT%H%M%SZ}-{number:06d}").mkdir(parents=True)


def left(published):
    return sorted(path.name.rpartition("-")[2] for path in (published / "snapshots").iterdir())


def test_versions_of_a_clock_that_was_a_year_ahead_are_not_kept_for_a_year(tmp_path):
    versions(tmp_path, 365, 365, 365, 365)
    prune(tmp_path, NOW, None, everywhere=False)
    assert left(tmp_path) == ["000002", "000003", "spare"]


def test_versions_of_a_clock_that_was_an_hour_ahead_have_their_grace(tmp_path):
    versions(tmp_path, 0.04, 0.04, 0.04, 0.04)
    prune(tmp_path, NOW, None, everywhere=False)
    assert left(tmp_path) == ["000000", "000001", "000002", "000003"]
