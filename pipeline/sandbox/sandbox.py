"""The simulated API without its sockets: a request in, a reply out, and what tests may look at and change."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any
from urllib.parse import parse_qsl

from pipeline.sandbox import faults
from pipeline.sandbox.answers import body_of
from pipeline.sandbox.changes import missing_keys
from pipeline.sandbox.codings import SMALLEST, chosen, coded
from pipeline.sandbox.config import Config
from pipeline.sandbox.cursor import FOREIGN
from pipeline.sandbox.envelope import HTML, JSON, Refusal, page_of_html, told
from pipeline.sandbox.faults import Fault
from pipeline.sandbox.objects import Objects
from pipeline.sandbox.pages import Asked
from pipeline.sandbox.poison import kinds_of
from pipeline.sandbox.routes import Route, route_of
from pipeline.sandbox.seeded import SECOND, to_time, to_us
from pipeline.sandbox.world import World

PAGED = {"logs", "runs", "node_runs"}


@dataclass(frozen=True)
class Recorded:
    """A request as it came, without the key. kind: of the endpoint; fault: what went wrong with it, if anything."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    time: datetime
    kind: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Reply:
    """A response before it is written. fault: reset and truncate are for whoever writes it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""


class Sandbox:
    """One simulated API. requests: all that were made, in order of their answers. closing: set when it ends."""

    def __init__(self, config: Config, url: str) -> None:
        self.url = url
        self.requests: list[Recorded] = []
        self.closing = Event()
        self._lock = Lock()
        self._injected: list[faults.Injected] = []
        self._limiter = faults.Limiter()
        self._number = self._pages = self._expired = 0
        self._objects = _objects(config, None)
        self._objects.view(self._now(0), None)

    @property
    def config(self) -> Config:
        """The switches as they stand."""
        return self._objects.config

    @property
    def now(self) -> datetime:
        """The virtual time of the last request."""
        return to_time(self._now(self._number))

    def configure(self, **switches: Any) -> None:
        """Changes switches from the next request on; the world's start stays unless `days` or `start` is given."""
        if "days" in switches:
            switches = {"start": None, **switches}
        with self._lock:
            self._objects = _objects(replace(self.config, **switches), self._objects.world)

    def inject(self, fault: Fault) -> None:
        """Puts in a fault from the next request on."""
        with self._lock:
            self._injected.append(faults.Injected(fault))

    def reply(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        """The reply to a request. headers: with names in lower case."""
        path, _, text = target.partition("?")
        query = dict(parse_qsl(text, keep_blank_values=True))
        route = route_of(path) or Route("")
        try:
            reply = self._answer(method, path, query, route, headers)
        except Refusal as refusal:
            reply = self._refused(refusal, None)
        except Exception:  # noqa: BLE001  the client is told, and whoever runs the sandbox sees where
            traceback.print_exc(file=sys.stderr)
            reply = self._refused(Refusal(500, "the sandbox itself failed"), None)
        reply = self._coded(reply, headers)
        with self._lock:
            moment = datetime.now(UTC)
            self.requests.append(Recorded(method, path, query, reply.status, moment, route.kind, reply.fault))
        return reply

    def _answer(self, method: str, path: str, query: dict[str, str], route: Route, headers: Mapping[str, str]) -> Reply:
        config = self.config
        with self._lock:
            self._number += 1
            number, room = self._number, not config.rate_limit or self._limiter.take(config.rate_limit)
        if config.latency_ms:
            self.closing.wait(config.latency_ms / 1000)
        if not route.kind:
            raise Refusal(404, "no such endpoint")
        if method != "GET":
            raise Refusal(405, "the sandbox only reads")
        faults.admitted(config, number, route.kind, headers)
        with self._lock:
            fault = faults.befalls(config, number, self._injected, route.kind, path)
        if not room:
            raise Refusal(429, "too many requests")
        if fault is not None and fault.answers:
            return self._instead(fault, path)
        if fault is not None and fault.kind == "stall":
            self.closing.wait(fault.seconds)
        body = self._body(Asked(route, self.url, path, query, self._expire), self._now(number))
        return Reply(200, body, {"Content-Type": JSON, **self._rate_headers()}, fault.kind if fault else "")

    def _body(self, asked: Asked, now: int) -> bytes:
        objects, released = self._objects, None
        if objects.config.insert_while_paging:
            released = self._pages * objects.config.insert_while_paging
        body = body_of(objects, objects.view(now, released), asked)
        with self._lock:
            self._pages += asked.route.kind in PAGED
        return body

    def _now(self, number: int) -> int:
        """The virtual clock at a request, in microseconds."""
        return to_us(self.config.clock()) + int(max(0, number - 1) * self.config.clock_step * SECOND)

    def _expire(self) -> bool:
        with self._lock:
            times = self.config.cursor_expires_times
            self._expired += 1
            return not times or self._expired <= times

    def _instead(self, fault: Fault, path: str) -> Reply:
        """The reply that comes in place of the right one."""
        status = fault.answers
        if fault.kind == "redirect":
            return Reply(status, b"", {"Location": FOREIGN + path, "Content-Type": HTML}, fault.kind)
        if fault.kind == "html":
            headers = {"Content-Type": HTML, **faults.retry_after(self.config, status, fault)}
            return Reply(status, page_of_html(status), headers, fault.kind)
        word = {429: "too many requests", 200: "something went wrong"}.get(status, "the request was refused")
        return self._refused(Refusal(status, word, code=fault.code), fault)

    def _refused(self, refusal: Refusal, fault: Fault | None) -> Reply:
        kind, body = told(refusal, self.config.envelope)
        headers = {"Content-Type": kind, **faults.retry_after(self.config, refusal.status, fault)}
        return Reply(refusal.status, body, {**headers, **self._rate_headers()}, fault.kind if fault else "")

    def _rate_headers(self) -> dict[str, str]:
        if not self.config.rate_headers:
            return {}
        limit, left = int(self.config.rate_limit or 1000), int(self._limiter.tokens)
        left = left if self.config.rate_limit else max(0, limit - self._number % limit)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int(time.time()) + 1),
        }

    def _coded(self, reply: Reply, headers: Mapping[str, str]) -> Reply:
        """The reply in a coding that the client takes, and cut in half after that if it is to be."""
        body, more = reply.body, {"Vary": "Accept-Encoding"}
        coding = chosen(self.config.codings, headers.get("accept-encoding", ""))
        if coding and len(body) >= SMALLEST:
            body = coded(body, coding, self.config.gzip_level)
            more["Content-Encoding"] = coding
        body = body[: len(body) // 2] if reply.fault == "cut" else body
        return replace(reply, body=body, headers={**reply.headers, **more})


def _objects(config: Config, world: World | None) -> Objects:
    """The objects under these switches, of the same world where it is the same."""
    config = config.pinned()
    kinds_of(config, "log")
    missing_keys(config)
    if world is None or world.config.world != config.world:
        world = World(config)
    return Objects(config, world)
