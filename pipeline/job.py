"""One command at work: the lease, the open warehouse, the client, and what is known once per load."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb

from pipeline import landing, ledger, loads, split, warehouse
from pipeline.day import Comparison
from pipeline.decode import read_head
from pipeline.digest_key import policy_of
from pipeline.errors import FlowledgerError, PageLimit, StorageError, UsageError
from pipeline.fetch import Source
from pipeline.forgotten import Forgotten, recall
from pipeline.inflate import inflate
from pipeline.lease import Lease, hold_lease
from pipeline.listing import Listing, survey
from pipeline.loads import Load
from pipeline.receipt import Receipt
from pipeline.repeats import Repeats
from pipeline.settings import Settings
from pipeline.values import PAGE_BITS, Finding, LandedPage, Merged, Step, Window

LEAST_FREE_BYTES = 500_000_000
T = TypeVar("T")


@dataclass
class Tally:
    """What the command has done so far."""

    windows: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    merged: dict[str, Merged] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    comparisons: dict[date, Comparison] = field(default_factory=dict)
    asked_by_run: int = 0
    found_by_run: int = 0


class Job:
    """What every step of one command shares. The warehouse is used by one step at a time: `with_db`."""

    def __init__(self, settings: Settings, command: str, source: Source, lease: Lease, now: datetime) -> None:
        self.settings = settings
        self.command = command
        self.source = source
        self.lease = lease
        self.now = now
        self.report: Callable[[Step], None] = lambda _: None
        self.tally = Tally()
        self.started = time.monotonic()
        self.con: duckdb.DuckDBPyConnection
        self.load: Load
        self.policy = policy_of(settings)
        self.forgotten: Forgotten | None = None
        self.listings: dict[str, Listing] = {}
        self.crossing = split.Crossing()
        self.windows_at_once = 1
        self.dimension_pages: dict[str, list[LandedPage]] = {}
        self.arrived: dict[str, set[str]] = {"flows": set(), "models": set(), "pricing": set()}
        self.repeats = Repeats()
        self.dimensions_lock = asyncio.Lock()
        self._database = asyncio.Lock()
        self._pages = itertools.count()
        self._commits = itertools.count()

    @property
    def referenced_only(self) -> bool:
        """A backfill loads no flow, model or price that its runs do not refer to."""
        return self.command != "nightly"

    @property
    def settled_before(self) -> datetime:
        """Rows before this moment have arrived, as far as anybody can tell."""
        return self.now - self.settings.lag

    def next_commit(self) -> int:
        """The number of the next commit of this load, from 0."""
        return next(self._commits)

    def written(self, table: str) -> int:
        """Rows of a table that this command has inserted or updated."""
        merged = self.tally.merged.get(table, Merged())
        return merged.inserted + merged.updated

    def receipt(self, window: Window | None) -> Receipt:
        """A new, empty receipt for one commit."""
        return Receipt(
            self.settings.raw,
            self.load.number,
            self.policy,
            window,
            self._next_page,
            referenced_only=self.referenced_only,
            forgotten=self.forgotten,
        )

    def _next_page(self) -> int:
        page = next(self._pages)
        if page >> PAGE_BITS:
            raise PageLimit(
                f"This load has received {page:,} pages, more than one load can number. What was committed stays; "
                "go on with a new load: backfill --resume."
            )
        return page

    async def with_db(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Run work(con, ...) in a thread, alone on the connection, so that fetching goes on meanwhile."""
        async with self._database:
            working = asyncio.create_task(asyncio.to_thread(work, self.con, *arguments, **options))
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                # A thread cannot be stopped: the connection stays open until its transaction has ended.
                await asyncio.wait([working])
                raise

    async def survey(self, kinds: tuple[str, ...]) -> None:
        """Learn once per load what the listings honour."""
        for kind in kinds:
            if kind not in self.listings:
                found = await survey(self.source, kind, lambda raw: read_head(inflate(raw.body, raw.encoding)))
                self.listings[kind] = replace(found, embed=await self._embed(kind))

    async def _embed(self, kind: str) -> tuple[str, ...]:
        if self.settings.plan == split.PLAN:
            return await split.relations(self.source, kind)
        return ("run",) if kind == "logs" else ()

    def open_warehouse(self, *, accept_source: bool = False) -> None:
        """Attach the warehouse; WrongSource when it remembers another URL or organisation."""
        source = (self.settings.api_url, self.settings.organization_id)
        self.con = warehouse.connect(self.settings.warehouse, source, accept_source=accept_source)

    def _refuse_if_somebody_was_forgotten(self) -> None:
        known, now = self.forgotten, recall(self.con, self.settings.home)
        if now is not None and (known is None or known.digests != now.digests):
            raise FlowledgerError(
                "Somebody was forgotten while this run let others go first, and what it had fetched before may still "
                "hold them; none of it was stored. Run the same `flowledger forget` again, then backfill --resume."
            )

    async def let_others_in(self) -> None:
        """Between windows: if somebody waits for the lease, close the warehouse, let it go, and take it again."""
        if self.command != "backfill" or not self.lease.somebody_waits():
            return
        async with self._database:
            self.con.close()
            try:
                await asyncio.to_thread(self.lease.yield_to_waiting)
            except asyncio.CancelledError:
                # A thread cannot be stopped, and the process would stay until the other run has ended.
                self.lease.give_up()
                raise
            self.open_warehouse()
            self._refuse_if_somebody_was_forgotten()


@asynccontextmanager
async def open_job(
    settings: Settings,
    command: str,
    arguments: dict[str, str],
    now: datetime,
    *,
    accept_source: bool = False,
) -> AsyncIterator[Job]:
    """Take the lease, open the warehouse and the client, begin a load; close everything in the end."""
    if not settings.api_key:
        raise UsageError("No API key: set RUNFLOW_API_KEY, or RUNFLOW_API_KEY_FILE to a file that holds it.")
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE_BYTES:
        raise StorageError(
            f"Only {free // 1_000_000} MB are free at {settings.home}; a load wants at least "
            f"{LEAST_FREE_BYTES // 1_000_000} MB. Free some space, then run again: nothing was changed."
        )
    with hold_lease(settings.home, settings.wait, command=command) as held:
        async with Source(settings) as source:
            job = Job(settings, command, source, held, now)
            job.open_warehouse(accept_source=accept_source)
            try:
                landing.settle_pending(
                    settings.raw, lambda r: ledger.committed(job.con, r.load_number, r.commit_number)
                )
                job.load = loads.begin_load(job.con, command, arguments, now, job.policy.text)
                job.forgotten = recall(job.con, settings.home)
                yield job
            finally:
                job.con.close()
