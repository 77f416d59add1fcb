"""A window is read whole, whatever of its filter, its sort and its cursors the API honours."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pipeline.decode import read_head, row_times
from pipeline.endpoints import Grammar
from pipeline.errors import CursorExpired, CursorLoop, RequestRefused
from pipeline.fetch import Source
from pipeline.listing import TIME_FIELDS, Listing, Order, Page, read, survey
from pipeline.settings import Settings
from pipeline.values import LandedPage, Window

SETTINGS = Settings(api_url="https://api.example", rate=9_000)
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window(NOON - 3 * DAY, NOON - 2 * DAY)
NEWEST_FIRST = [NOON - n * DAY / 4 for n in range(40)]  # two rows a page: the window's start is passed on the 7th
PAGES = 20


class Api:
    """Serves rows as they stand, two a page.

    faults: page number -> how often its cursor is refused. refuses: parameter -> status. circle: the end names page 1.
    """

    def __init__(self, times, *, faults=None, refuses=None, circle=False):
        self.times, self.circle = times, circle
        self.faults, self.refuses = faults or {}, refuses or {}
        self.asked = []

    async def __call__(self, request):
        asked = dict(request.url.params)
        self.asked.append({"path": request.url.path, **asked})
        refused = next((status for name, status in self.refuses.items() if name in asked), None)
        number = int(asked.get("pq", 0))
        if refused or self.faults.get(number, 0) > 0:
            self.faults[number] = self.faults.get(number, 0) - 1
            return httpx.Response(refused or 410, stream=httpx.ByteStream(b"{}"))
        size = min(2, int(asked["limit"]))
        times = self.times[number * size : number * size + size]
        rows = [{"id": str(self.times.index(t)), "timestamp": t and t.isoformat()} for t in times]
        end = "1" if self.circle else None
        after = end if (number + 1) * size >= len(self.times) else str(number + 1)
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps({"items": rows, "next": after}).encode()))

    def read(self, listing, window=WINDOW):
        """The reads of a window."""

        async def run():
            async with Source(SETTINGS, transport=httpx.MockTransport(self)) as source:
                return [page async for page in read(source, listing, window, take)]

        return asyncio.run(run())

    def survey(self, kind):
        async def run():
            async with Source(SETTINGS, transport=httpx.MockTransport(self)) as source:
                return await survey(source, kind, lambda raw: read_head(raw.body))

        return asyncio.run(run())


def take(raw):
    head = read_head(raw.body)
    landed = LandedPage(0, raw.request, raw.status, raw.encoding, raw.sha256, raw.fetched_at)
    return Page(landed, [time for _, time in row_times(head.items, "timestamp")], head.next)


def logs(grammar=None, *, sortable=True):
    return Listing("logs", grammar, sortable)


def times_of(reads):
    return [time for each in reads for time in each.page.times]


def pages_of(api):
    return [int(asked.get("pq", 0)) for asked in api.asked]


@pytest.mark.parametrize("kind", TIME_FIELDS)
@pytest.mark.parametrize("grammar", Grammar)
def test_a_filter_that_works_is_asked_for_the_padded_window_oldest_first(kind, grammar):
    api = Api([])
    api.read(Listing(kind, grammar, sortable=True))
    (asked,) = api.asked
    minute = timedelta(minutes=1)
    assert asked["q"] == grammar.between(TIME_FIELDS[kind], WINDOW.start - minute, WINDOW.end + minute)
    assert asked["sort_by"] == f"{TIME_FIELDS[kind]}:asc"
    assert asked["limit"] == "500"
    assert (
        asked["path"]
        == {
            "logs": "/v1/runs/any/logs",
            "runs": "/v1/runs",
            "node_runs": "/v1/runs/any/node-runs",
        }[kind]
    )


def test_without_a_filter_the_listing_is_asked_newest_first():
    api = Api([])
    api.read(logs())
    assert api.asked[0]["sort_by"] == "timestamp:desc"
    assert "q" not in api.asked[0]


@pytest.mark.parametrize("grammar", [None, Grammar.INFIX])
def test_a_sort_that_is_refused_is_not_asked(grammar):
    api = Api([])
    api.read(logs(grammar, sortable=False))
    assert "sort_by" not in api.asked[0]


def test_a_filtered_pass_tells_how_far_it_is_and_reads_to_the_end():
    oldest_first = NEWEST_FIRST[::-1]
    reads = Api(oldest_first).read(logs(Grammar.INFIX))
    assert times_of(reads) == oldest_first
    assert [each.reached for each in reads] == oldest_first[1::2]
    assert not any(each.descending for each in reads)


@pytest.mark.parametrize("sortable", [True, False])
def test_an_unfiltered_pass_stops_when_its_order_has_passed_the_start(sortable):
    api = Api(NEWEST_FIRST)
    reads = api.read(logs(sortable=sortable))
    assert pages_of(api) == list(range(7))
    assert all(each.descending for each in reads)
    assert reads[-1].reached < WINDOW.start <= reads[-2].reached
    assert {time for time in NEWEST_FIRST if WINDOW.holds(time)} <= set(times_of(reads))


def test_a_row_on_the_very_start_does_not_end_the_pass_for_another_may_follow():
    times = [NOON, *[WINDOW.start] * 5, WINDOW.start - DAY, WINDOW.start - 2 * DAY, WINDOW.start - 3 * DAY]
    api = Api(times)
    assert times_of(api.read(logs())).count(WINDOW.start) == 5
    assert pages_of(api) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(NEWEST_FIRST[::-1], id="oldest first"),
        pytest.param([NEWEST_FIRST[20], *NEWEST_FIRST[:20], *NEWEST_FIRST[21:]], id="one old row in front"),
        pytest.param([NEWEST_FIRST[1], NEWEST_FIRST[0], *NEWEST_FIRST[2:]], id="two exchanged"),
        pytest.param([NOON - 9 * DAY] * 38 + [NOON - 2.5 * DAY] * 2, id="ties prove nothing"),
        pytest.param([None] * 40, id="without times"),
    ],
)
def test_an_unordered_listing_is_read_to_its_end(times):
    api = Api(times)
    reads = api.read(logs())
    assert pages_of(api) == list(range(PAGES))
    assert times_of(reads) == times
    assert reads[-1].reached is None


def test_rows_without_a_time_do_not_spoil_the_order():
    times = [time for pair in zip(NEWEST_FIRST, [None] * 40, strict=True) for time in pair]
    api = Api(times)
    api.read(logs())
    assert pages_of(api) == list(range(14))


@pytest.mark.parametrize("grammar", [None, Grammar.INFIX])
@pytest.mark.parametrize("lost", [1, 2])
def test_an_expired_cursor_restarts_the_window_and_no_row_is_lost(grammar, lost):
    rows = NEWEST_FIRST[:10]
    api = Api(rows if grammar is None else rows[::-1], faults={3: lost})
    reads = api.read(logs(grammar))
    assert pages_of(api) == [0, 1, 2, 3] * lost + [0, 1, 2, 3, 4]
    assert set(times_of(reads)) == set(rows)
    assert [each.reached for each in reads[:3]] == [each.reached for each in reads[3:6]], "a restart knows nothing"


def test_a_cursor_that_expires_each_time_is_an_error():
    api = Api(NEWEST_FIRST, faults={3: 99})
    with pytest.raises(CursorExpired, match=r"a cursor was refused \(410"):
        api.read(logs())
    assert pages_of(api) == [0, 1, 2, 3] * 3


def test_a_listing_that_runs_in_a_circle_is_restarted_and_then_an_error():
    api = Api(NEWEST_FIRST[:6][::-1], circle=True)
    with pytest.raises(CursorLoop):
        api.read(logs(Grammar.INFIX))
    assert pages_of(api) == [0, 1, 2] * 3


def test_a_refusal_is_not_a_reason_to_restart():
    api = Api(NEWEST_FIRST, refuses={"limit": 422})
    with pytest.raises(RequestRefused):
        api.read(logs())
    assert len(api.asked) == 1


@pytest.mark.parametrize("kind", TIME_FIELDS)
def test_a_survey_asks_small_pages_without_runs_in_them(kind):
    api = Api([])
    assert api.survey(kind) == Listing(kind, None, sortable=True)
    assert all(asked["limit"] == "100" and "embed" not in asked for asked in api.asked)


@pytest.mark.parametrize("status", [400, 422])
def test_a_survey_learns_that_a_sort_is_refused(status):
    api = Api([], refuses={"sort_by": status})
    assert not api.survey("logs").sortable
    assert "sort_by" not in api.asked[-1]


def test_a_survey_of_what_the_key_may_not_read_says_so():
    with pytest.raises(RequestRefused) as refusal:
        Api([], refuses={"limit": 403}).survey("node_runs")
    assert refusal.value.status == 403


def test_one_time_alone_proves_no_order():
    order = Order(descending=True)
    order.see([NOON, None, NOON])
    assert order.verified is None
    order.see([NOON - DAY])
    assert order.verified == NOON - DAY
    order.see([NOON])
    assert order.verified is None, "once broken, an order is never verified again"
