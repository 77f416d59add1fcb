"""What goes wrong with a request: by the `*_every` and `*_after` switches, or by a fault put in at run time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from pipeline.sandbox.config import Config
from pipeline.sandbox.envelope import Refusal
from pipeline.sandbox.routes import OPEN

KINDS = ("status", "reset", "truncate", "cut", "stall", "html", "error_in_200", "redirect")
DEFAULT_STATUS = {"status": 503, "html": 200, "error_in_200": 200, "redirect": 302}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, once or repeatedly.

    kind: one of KINDS. status: an error envelope with that status; reset: the connection breaks in the middle of the
    body; truncate: it closes there, before the Content-Length; cut: half a body whose Content-Length agrees; stall: the
    answer is right but late; html: a proxy's page; error_in_200: an error envelope with status 200; redirect: to a
    foreign host.
    where: a kind of endpoint such as `logs`, or a part of the path with a slash in it; empty for every request.
    after: how many matching requests go well first. times: how many go wrong then; 0 is all.
    code: the envelope's word. retry_after: the header as it stands; None is as the switches say, empty is none.
    seconds: how long a stall lasts.
    """

    kind: str
    where: str = ""
    after: int = 0
    times: int = 1
    status: int = 0
    code: str = ""
    retry_after: str | None = None
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there is {', '.join(KINDS)}")

    @property
    def answers(self) -> int:
        """The status that stands in the answer; 0 where the fault leaves it alone."""
        return self.status or DEFAULT_STATUS.get(self.kind, 0)

    def concerns(self, kind: str, path: str) -> bool:
        """Whether a request is one it is about."""
        return not self.where or (self.where in path if "/" in self.where else self.where == kind)


@dataclass
class Injected:
    """A fault put in at run time, and how many requests it has seen."""

    fault: Fault
    seen: int = 0

    def strikes(self, kind: str, path: str) -> bool:
        """Whether it befalls this request; counts it."""
        if not self.fault.concerns(kind, path):
            return False
        self.seen += 1
        past = self.seen - self.fault.after
        return past > 0 and (self.fault.times == 0 or past <= self.fault.times)


@dataclass
class Limiter:
    """A bucket of a second's worth of requests."""

    tokens: float = 0.0
    at: float = field(default_factory=lambda: time.monotonic() - 1)

    def take(self, rate: float) -> bool:
        """Whether there is room for one more request."""
        now, room = time.monotonic(), max(1.0, rate)
        self.tokens = min(room, self.tokens + (now - self.at) * rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def admitted(config: Config, number: int, kind: str, headers: Mapping[str, str]) -> None:
    """Refusal for a request that is not let in: wrong key, no permission, or no such endpoint.

    number: of the request, from 1. kind: of its endpoint.
    """
    if kind in config.missing_endpoints:
        raise Refusal(404, "no such endpoint")
    if kind in OPEN:
        return
    given = headers.get("authorization", "")
    known = given == f"Bearer {config.api_key}" if config.api_key else given.startswith("Bearer ")
    if not known or 0 < config.unauthorized_after <= number:
        raise Refusal(401, "missing or invalid token")
    if kind in config.forbidden or 0 < config.forbidden_after <= number:
        raise Refusal(403, "the key may not read this")


def befalls(config: Config, number: int, injected: list[Injected], kind: str, path: str) -> Fault | None:
    """What goes wrong with a request that was let in; faults put in at run time come before the switches."""
    struck = [each.fault for each in injected if each.strikes(kind, path)]
    if struck:
        return struck[0]
    by_switch = (
        (config.rate_limit_every, Fault(kind="status", status=429)),
        (config.server_error_every, Fault(kind="html", status=config.server_error_status)),
        (config.redirect_every, Fault(kind="redirect")),
        (config.error_in_200_every, Fault(kind="error_in_200")),
        (config.reset_every, Fault(kind="reset")),
        (config.truncate_every, Fault(kind="truncate")),
        (config.cut_every, Fault(kind="cut")),
        (config.stall_every, Fault(kind="stall", seconds=config.stall_seconds)),
    )
    return next((fault for every, fault in by_switch if every and number % every == 0), None)


def retry_after(config: Config, status: int, fault: Fault | None) -> dict[str, str]:
    """The Retry-After header of an answer, if it has one."""
    if fault is not None and fault.retry_after is not None:
        return {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if status not in {429, 503} or config.retry_after == "none":
        return {}
    seconds = config.retry_after_seconds
    # A date has whole seconds: one more, so that it never asks to wait less.
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds + 1)
    forms = {"seconds": str(seconds), "date": format_datetime(later, usegmt=True), "nonsense": "soon"}
    return {"Retry-After": forms[config.retry_after]}
