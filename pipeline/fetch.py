"""Gets one response from the API: authenticated, inside one rate budget, tried again while time can heal it.

In: a `Request` and what to do with the page. Out: what that makes of it. Bodies stay as received (wire bytes). Which
status means what: API contract 1.11. Nobody above this room tries again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import Self, TypeVar

import httpx
import stamina
from aiolimiter import AsyncLimiter
from httpcore import AsyncHTTP11Connection

from pipeline.complaint import HIDDEN, Complaint, complaint
from pipeline.errors import (
    AccessRefused,
    BrokenBody,
    ClockAhead,
    CursorExpired,
    RequestRefused,
    SourceError,
    SourceUnavailable,
)
from pipeline.retry_after import retry_after
from pipeline.settings import Settings
from pipeline.values import RawPage, Request

T = TypeVar("T")
TIMEOUT_SECONDS = 30.0
FARTHEST_AHEAD = timedelta(hours=1)
MOST_BROKEN_BODIES = 4
CURSOR_STATUSES = frozenset({400, 404, 410, 422})
ESSENTIAL = frozenset({"logs", "log", "runs", "run"})
TRANSPORT_ERRORS = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError)

# Read so much at once: in pieces of 64 KiB, as httpcore does it, a large page costs a third more.
AsyncHTTP11Connection.READ_NUM_BYTES = 1 << 20

# The summary counts what was tried again; stamina's own line on stderr says neither what nor why.
stamina.instrumentation.set_on_retry_hooks(())


class Later(Exception):
    """An answer that time may heal. after: seconds that the server asked to wait, or None."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Source:
    """The API: one client, one rate budget. requests, retries and wire_bytes count what was asked and received."""

    def __init__(self, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        self.requests = 0
        self.retries = 0
        self.wire_bytes = 0
        connections = httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
        self._client = httpx.AsyncClient(
            base_url=settings.api_url,
            headers=_headers(settings),
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            transport=transport,
            limits=connections,
            # Without TLS, which is for loopback alone, there is nobody to vouch for.
            verify=_trusted() if settings.api_url.startswith("https:") else False,
        )
        # A small bucket spreads the requests over the second instead of sending a second's worth at once.
        burst = max(1.0, settings.rate / 10)
        self._rate = AsyncLimiter(burst, burst / settings.rate)
        self._room = asyncio.Semaphore(settings.concurrency)
        self._quiet_until = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(
        self, request: Request, receive: Callable[[RawPage], T], *, accept: frozenset[int] = frozenset()
    ) -> T:
        """One response, handed to `receive` when it is a 200 or its status is in `accept`.

        Tried again, for as long as FLOWLEDGER_PATIENCE: timeouts, resets, 429, 5xx, and a body that `receive` calls
        broken, of which a few are enough. Raises AccessRefused, RequestRefused, CursorExpired, BrokenBody,
        SourceUnavailable.
        """
        # Patience is for the API, not for the queue: it begins in the room, and who tries again keeps the place.
        async with self._room:
            return await self._patiently(request, receive, accept)

    async def _patiently(self, request: Request, receive: Callable[[RawPage], T], accept: frozenset[int]) -> T:
        broken = tries = 0

        def worth_another_try(error: Exception) -> bool | float:
            if isinstance(error, Later):
                return True if error.after is None else error.after
            return isinstance(error, BrokenBody) and broken < MOST_BROKEN_BODIES

        try:
            async for attempt in stamina.retry_context(
                on=worth_another_try,
                attempts=None,
                timeout=self.settings.patience,
                wait_initial=1.0,
                wait_max=32.0,
                wait_jitter=1.0,
            ):
                with attempt:
                    tries += 1
                    self.retries += tries > 1
                    page = await self._answer(request, accept)
                    try:
                        return receive(page)
                    except BrokenBody as error:
                        broken += 1
                        raise BrokenBody(self._without_key(str(error))) from None
        except Later as last:
            raise SourceUnavailable(
                f"{request.path} did not answer: {last}. Asked {tries} times within "
                f"{self.settings.patience.total_seconds():g} seconds. The next run, or --resume, goes on from here."
            ) from None
        except BrokenBody as last:
            raise BrokenBody(f"{request.path}: {last} Asked {tries} times.") from None
        raise AssertionError("unreachable: the loop returns or raises")

    async def _answer(self, request: Request, accept: frozenset[int]) -> RawPage:
        """Ask once. Later when time may heal the answer."""
        await self._turn()
        self.requests += 1
        try:
            async with self._client.stream("GET", request.path, params=list(request.params)) as response:
                body = b"".join([chunk async for chunk in response.aiter_raw()])
        except TRANSPORT_ERRORS as error:
            raise Later(self._without_key(f"{type(error).__name__} {error}".strip())) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = self._without_key(f"{type(error).__name__} {error}")
            raise SourceError(f"{request.path} could not be asked: {told}.") from None
        self.wire_bytes += len(body)
        status, coding = response.status_code, response.headers.get("content-encoding", "identity")
        if status != httpx.codes.OK and status not in accept:
            self._refuse(request, response, complaint(body, coding, self.settings.api_key))
        now = datetime.now(UTC)
        _refuse_from_the_future(now, response.headers)
        return RawPage(request, status, coding, body, now)

    async def _turn(self) -> None:
        """Wait for the rate budget, and for the end of the quiet that a 429 asked of everybody."""
        await self._rate.acquire()
        while (pause := self._quiet_until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(pause)
            await self._rate.acquire()

    def _without_key(self, text: str) -> str:
        return text.replace(self.settings.api_key, HIDDEN) if self.settings.api_key else text

    def _refuse(self, request: Request, response: httpx.Response, told: Complaint) -> None:
        """Raise what an answer other than 200 means."""
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            after = retry_after(response.headers.get("retry-after"))
            if after is not None and status == httpx.codes.TOO_MANY_REQUESTS:
                # The limit is the organisation's: while one request must wait, the others would only be refused too.
                self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + after)
            text = str(told)
            # The title of a proxy's page begins with the status already.
            raise Later(text if text.startswith(str(status)) else f"{status} {text}", after)
        if response.is_redirect:
            raise SourceError(
                f"{request.path} answered {status}, a redirect, which is not followed: the key would go elsewhere. "
                "Check RUNFLOW_API_URL."
            )
        if status == httpx.codes.UNAUTHORIZED:
            raise AccessRefused(
                f"The API did not accept the key (401, {told}). Set RUNFLOW_API_KEY to a key that is valid, "
                "then run again; nothing that was committed is lost."
            )
        if status == httpx.codes.FORBIDDEN and request.kind in ESSENTIAL:
            raise AccessRefused(
                f"The key may not read {request.path} (403, {told}). It needs the scope runs:read in the organisation "
                "asked for (RUNFLOW_ORGANIZATION_ID)."
            )
        if status == httpx.codes.PAYMENT_REQUIRED:
            raise AccessRefused(f"The API refuses reads for want of credit (402, {told}). Top up, then run again.")
        if status in CURSOR_STATUSES and any(name == "pq" for name, _ in request.params):
            raise CursorExpired(f"{request.path}: a cursor was refused ({status}, {told}).")
        raise RequestRefused(f"{request.path} answered {status}: {told}", status, told.code)


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that vouch for the API; reading them costs more than a small load's requests."""
    return httpx.create_ssl_context()


def _headers(settings: Settings) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "zstd, br, gzip",
        "User-Agent": f"flowledger/{version('flowledger')}",
    }
    if settings.api_key:
        headers["Authorization"] = f"Bearer {settings.api_key}"
    if settings.organization_id:
        headers["X-Organization-Id"] = settings.organization_id
    return headers


def _refuse_from_the_future(now: datetime, headers: httpx.Headers) -> None:
    """ClockAhead where the answer was given long before it was received, by its Date and, from a cache, its Age."""
    try:
        given = parsedate_to_datetime(headers["date"])
        age = timedelta(seconds=int(headers.get("age", "0")))
    except (KeyError, ValueError, OverflowError):
        return
    ahead = now - given.replace(tzinfo=given.tzinfo or UTC) - age
    if ahead > FARTHEST_AHEAD:
        raise ClockAhead(
            f"This machine's clock is {ahead.total_seconds() / 3600:,.0f} hours ahead of the API's (it says "
            f"{now:%Y-%m-%dT%H:%MZ}). Rows that are yet to come would count as read. Set the clock, then run again; "
            "what was committed stays."
        )
