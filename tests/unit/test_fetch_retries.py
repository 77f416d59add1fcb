"""What is asked again, when, for how long, and how many at once. The clock is ours: a wait takes no time."""

from __future__ import annotations

import asyncio
import selectors
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import pytest

from pipeline import endpoints
from pipeline.errors import BrokenBody, RequestRefused, SourceError, SourceUnavailable
from pipeline.fetch import MOST_BROKEN_BODIES, Source
from pipeline.retry_after import retry_after
from pipeline.settings import Settings

RUNS = endpoints.runs(None, None)
ERRORS = [
    httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.ReadTimeout("slow"), httpx.WriteTimeout("slow"),
    httpx.PoolTimeout("full"), httpx.ReadError("reset"), httpx.WriteError("reset"), httpx.CloseError("reset"),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    httpx.ProxyError("bad gateway"),
]  # fmt: skip


class Jumps(selectors.SelectSelector):
    """Lets no time pass: the clock jumps to the next thing that is due."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def select(self, timeout=None):
        assert timeout is not None, "everybody waits for nothing"
        # Not a standstill: what is due in less than a float can tell apart would never be.
        self.clock.now += timeout + 1e-6
        return super().select(0)


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


class Api:
    """Answers in turn, the last one for ever; remembers when it was asked, in seconds 1000."""

    def __init__(self, clock, *answers, takes=0.0):
        self.clock, self.answers, self.takes = clock, list(answers), takes
        self.asked, self.moments, self.open, self.most_open = [], [], 0, 0

    async def __call__(self, _):
        self.moments.append(self.clock.now)
        self.asked.append(round(self.clock.now - 1000, 3))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(self.takes)
        self.open -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def run(self, requests=1, receive=lambda raw: raw.body, **settings):
        """Get as many pages at once; what each came to, and the source."""

        async def all_of_them():
            options = {"api_url": "https://api.example", "rate": 9_000, **settings}
            async with Source(Settings(**options), transport=httpx.MockTransport(self)) as source:
                reads = [source.get(RUNS, receive) for _ in range(requests)]
                return await asyncio.gather(*reads, return_exceptions=True), source

        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Jumps(self.clock))) as runner:
            return runner.run(all_of_them())

    @property
    def waits(self):
        return [round(later - before, 3) for before, later in zip(self.moments, self.moments[1:], strict=False)]


def says(status=200, body=b"{}", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


class Cut(httpx.AsyncByteStream):
    """A body that ends in the middle."""

    async def __aiter__(self):
        yield b'{"items":['
        raise httpx.RemoteProtocolError("peer closed connection")


def fails_for(count):
    """A `receive` that calls the first bodies broken."""
    seen = []

    def receive(raw):
        seen.append(raw)
        if len(seen) <= count:
            raise BrokenBody("It is cut.")
        return raw.body

    return receive


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_lost_connection_is_tried_again(clock, error):
    api = Api(clock, error, error, says(body=b"ok"))
    (page,), source = api.run()
    assert page == b"ok"
    assert (source.requests, source.retries, source.wire_bytes) == (3, 2, 2)


def test_a_body_that_stops_on_the_way_is_tried_again_and_never_received(clock):
    api = Api(clock, lambda: httpx.Response(200, stream=Cut()), says(body=b"ok"))
    received = []
    api.run(receive=received.append)
    assert [raw.body for raw in received] == [b"ok"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("body", [b"<html><title>Bad gateway</title></html>", b'{"code":"RATE_LIMITED"}', b""])
def test_an_overloaded_or_broken_api_is_asked_again(clock, status, body):
    (page,), source = Api(clock, says(status, body), says(body=b"ok")).run()
    assert page == b"ok"
    assert (source.requests, source.retries) == (2, 1)


def test_what_waiting_does_not_heal_is_asked_once(clock):
    api = Api(clock, says(422))
    (error,), _ = api.run()
    assert type(error) is RequestRefused
    assert api.asked == [0]


def test_an_error_that_is_ours_is_not_tried_again(clock):
    api = Api(clock, httpx.UnsupportedProtocol("gopher"))
    assert type(api.run()[0][0]) is SourceError
    assert len(api.asked) == 1


def test_the_waits_double_from_a_second_to_32_with_up_to_a_second_of_jitter(clock):
    api = Api(clock, says(500))
    api.run()
    for wait, least in zip(api.waits, [1, 2, 4, 8, 16, 32, 32, 32], strict=False):
        assert least <= wait <= min(least + 1, 32)
    assert len({wait % 1 for wait in api.waits[:4]}) > 1, "no jitter"


def test_patience_ends_in_a_sentence(clock):
    api = Api(clock, says(503, b'{"code":"DOWN","message":"try later"}'))
    (error,), source = api.run(patience=timedelta(minutes=2))
    assert type(error) is SourceUnavailable
    assert str(error) == (
        f"/v1/runs did not answer: 503 DOWN: try later. Asked {source.requests} times within 120 seconds. "
        "The next run, or --resume, goes on from here."
    )
    assert 120 <= api.asked[-1] <= 120 + 33


def test_patience_is_for_the_api_and_not_for_the_queue(clock):
    """The last of many requests gets its turn after the patience of one, and is tried again all the same."""
    api = Api(clock, *[says(body=b"ok")] * 19, says(503), says(body=b"ok"), takes=20.0)
    pages, source = api.run(20, concurrency=1, patience=timedelta(minutes=1))
    assert pages == [b"ok"] * 20
    assert source.retries == 1


@pytest.mark.parametrize("cuts", range(1, MOST_BROKEN_BODIES))
def test_a_broken_body_is_tried_again_a_few_times(clock, cuts):
    (page,), source = Api(clock, says(body=b"ok")).run(receive=fails_for(cuts))
    assert page == b"ok"
    assert source.retries == cuts


def test_a_body_that_stays_broken_is_final_long_before_patience_ends(clock):
    api = Api(clock, says())
    (error,), _ = api.run(receive=fails_for(99))
    assert (type(error), str(error)) == (BrokenBody, f"/v1/runs: It is cut. Asked {MOST_BROKEN_BODIES} times.")
    assert len(api.asked) == MOST_BROKEN_BODIES
    assert api.asked[-1] < 15


def test_failures_of_the_connection_do_not_count_as_broken_bodies(clock):
    (page,), _ = Api(clock, *[says(500)] * 6, says(body=b"ok")).run(receive=fails_for(MOST_BROKEN_BODIES - 1))
    assert page == b"ok"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("written", "seconds"), [("7", 7), ("0.5", 0.5), ("60", 60), ("86400", 60)])
def test_retry_after_is_waited_for_up_to_a_minute(clock, status, written, seconds):
    api = Api(clock, says(status, retry_after=written), says())
    api.run()
    assert seconds <= api.waits[0] < seconds + 0.1


def test_retry_after_as_a_date_is_waited_for(clock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    api = Api(clock, says(429, retry_after=date), says())
    api.run()
    assert 38 <= api.waits[0] < 41


@pytest.mark.parametrize("written", ["soon", "", "nan", "0", "-3", "Wed, 21 Oct 2015 07:28:00 GMT", None])
def test_without_a_wait_that_makes_sense_the_own_backoff_holds(clock, written):
    headers = {} if written is None else {"retry_after": written}
    api = Api(clock, says(429, **headers), says(429, **headers), says())
    api.run()
    assert 1 <= api.waits[0] <= 2 <= api.waits[1] <= 3


@pytest.mark.parametrize(
    "written",
    ["inf", "1e999", "Mon, 01 Jan 99999 00:00:00 GMT", "Wed, 21 Oct 2099 07:28:00 +99999999999999999999", "()", "\x00"],
)
def test_no_retry_after_is_too_strange_to_read(written):
    assert retry_after(written) is None
    assert retry_after("Wed, 21 Oct 2099 07:28:00") == 60, "a date without a zone is UTC"


def test_while_a_429_waits_nobody_is_asked(clock):
    api = Api(clock, says(429, retry_after="30"), says(), takes=0.01)
    pages, _ = api.run(12, concurrency=2)
    assert pages == [b"{}"] * 12
    assert sorted(api.asked)[2] >= 30, "only the two that were on their way were asked before"


def test_no_more_requests_are_open_than_the_setting_allows(clock):
    for concurrency in (1, 3, 8):
        api = Api(clock, says(), takes=1.0)
        api.run(20, concurrency=concurrency)
        assert api.most_open == concurrency


@pytest.mark.parametrize("rate", [0.5, 2, 10, 50])
def test_all_requests_share_one_rate(clock, rate):
    api = Api(clock, says(500), says(429), says())
    _, source = api.run(40, rate=rate, concurrency=8)
    assert source.requests == 42
    for at in api.asked:
        assert sum(at <= other < at + 1 for other in api.asked) <= max(1, rate) + max(1, rate / 10)
    assert api.asked[39] >= (39 - max(1, rate / 10)) / rate - 0.01
