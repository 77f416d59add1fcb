"""What crosses the doorways between the rooms: plain values and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import pyarrow as pa

from pipeline.day import Comparison, DayTotals


@dataclass(frozen=True, slots=True)
class Request:
    """One GET to the API: what is asked, never who asks (the key is not part of it).

    kind: logs, log, runs, run, node_runs, flows, flow, flow_nodes, models, model, pricing, stats, me.
    params: in the order sent; the cursor is `pq`.
    """

    kind: str
    path: str
    params: tuple[tuple[str, str], ...] = ()

    def at(self, cursor: str) -> Request:
        """The same request for the page at this cursor."""
        kept = tuple(pair for pair in self.params if pair[0] != "pq")
        return replace(self, params=(*kept, ("pq", cursor)))


@dataclass(frozen=True)
class RawPage:
    """One response as received: `body` is the wire bytes, still in the server's content coding."""

    request: Request
    status: int
    encoding: str
    body: bytes
    fetched_at: datetime

    @cached_property
    def sha256(self) -> str:
        """Digest of the wire bytes: the page's name in `raw/`."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class LandedPage:
    """One line of a window's landing record: which body answered which request, and in which order.

    page: 0-based order of receipt within the window.
    """

    page: int
    request: Request
    status: int
    encoding: str
    sha256: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span [start, end) in UTC.

    logs, runs: whether log lines (by timestamp) and runs (by created_at) of the span are read.
    """

    start: datetime
    end: datetime
    logs: bool = True
    runs: bool = True

    @property
    def key(self) -> str:
        """A short name for messages, e.g. 2026-11-22T00:00Z..2026-11-23T00:00Z."""
        return f"{short(self.start)}..{short(self.end)}"

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies in the span."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Reject:
    """The smallest object that failed: its raw text, why, and where it stood."""

    object: str
    row_id: str | None
    path: str
    reason: str
    raw: str
    request: str
    sha256: str
    observation: int
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that the declaration does not expect, or a code never seen: once per table, path, kind and detail.

    kind: unknown, missing, type or code. detail: the type of an unknown field, what came instead of what, the code.
    first_seen_at, last_seen_at: when the pages that show it were received.
    """

    table: str
    path: str
    kind: str
    sample_id: str | None
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know. `check` names the rule; `detail` says what, where and what to do."""

    check: str
    severity: str
    detail: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did to one table, in rows."""

    inserted: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.removed + other.removed,
            self.unchanged + other.unchanged,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one commit writes: one Arrow table per stored table, and what was learned on the way.

    tables: name -> Arrow table in the table's `stage_schema`; several observations of one id may occur.
    complete_pricing: model id -> when a complete list of its price rules was received.
    gone_runs: run id -> when the API answered 404 for it.
    logs_covered, runs_covered: the span now fully read, or None (a part of a window without a known order).
    totals: days to compare with what is stored once this batch is in.
    carried: table -> the fields that its rows had, be they null, as bits in the order of its columns.
    """

    tables: dict[str, pa.Table]
    rejects: tuple[Reject, ...] = ()
    drift: tuple[Drift, ...] = ()
    complete_pricing: dict[str, datetime] = field(default_factory=dict)
    gone_runs: dict[str, datetime] = field(default_factory=dict)
    logs_covered: Window | None = None
    runs_covered: Window | None = None
    pages: tuple[LandedPage, ...] = ()
    totals: tuple[DayTotals, ...] = ()
    carried: dict[str, int] = field(default_factory=dict)


def short(moment: datetime) -> str:
    """RFC 3339 in UTC, without what is zero."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").removesuffix(".")
    return f"{text.removesuffix(':00')}Z"


PAGE_BITS = 20
POSITION_BITS = 20


def observation(load_number: int, page: int, position: int) -> int:
    """The order of an observation in the ledger, as one number: load, then page, then position."""
    return (load_number << (PAGE_BITS + POSITION_BITS)) | (page << POSITION_BITS) | position


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did, for the terminal, Prefect and the exit code.

    failed: (window key, message) of each window that was rolled back.
    published: the version readers now see, or None when nothing new was published.
    comparisons: the newest of each day that was compared with the source's totals.
    drift: what the source sent that no load before had seen, a line each.
    asked_by_run, found_by_run: runs whose logs or node runs were listed by their id, and rows that came only so.
    """

    command: str
    load_id: str
    exit_code: int
    windows: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    merged: dict[str, Merged] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    rejected: int = 0
    requests: int = 0
    retries: int = 0
    wire_bytes: int = 0
    seconds: float = 0.0
    published: str | None = None
    comparisons: tuple[Comparison, ...] = ()
    drift: tuple[str, ...] = ()
    asked_by_run: int = 0
    found_by_run: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of a command: one is reported as each window ends."""

    done: int
    total: int
    window: Window
    logs: int
    runs: int
    error: str | None = None
