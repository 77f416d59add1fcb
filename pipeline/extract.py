"""One window from the API to Arrow: list, land, decode, hydrate, flatten; in parts when the window is large.

Out: batches, each one commit. A window of more than 50 thousand rows is split at the last time that is fully read;
earlier where many windows are read at once, so that what all of them hold does not grow with their number.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline import ledger, outstanding, split
from pipeline.hydrate import hydrate, runs_by_id
from pipeline.job import Job
from pipeline.listing import Page, Read, read
from pipeline.receipt import Receipt
from pipeline.values import Batch, Finding, RawPage, Window

PART_ROWS = 50_000
LEAST_PART_ROWS = 5_000
# Of all windows that are being read, besides as many that wait in Arrow for their commit.
ROWS_IN_HAND = 100_000
OPEN_RUNS_AT_ONCE = 1_000
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A batch and what was noticed while it was fetched. last: nothing of the window comes after it.

    arrived: flows, models and prices that the rest of the load need not ask for once this is committed.
    """

    batch: Batch
    findings: tuple[Finding, ...]
    last: bool
    arrived: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    """A window that is being read.

    receipt: of the part in hand. left: of each listing, the span that no part has yet. listed: runs that it showed.
    known: runs that logs may name and that need not be asked for by id.
    """

    window: Window
    receipt: Receipt
    left: dict[str, Window]
    backwards: bool
    listed: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def take(self, page: RawPage) -> Page:
        """Into the receipt of the part in hand: it changes while the listing goes on."""
        return self.receipt.take(page)


async def extract(job: Job, window: Window, *, backwards: bool = False) -> AsyncIterator[Part]:
    """Yield the window's parts; the last one always comes, also when the window is empty.

    backwards: newest first, where the listings can be sorted.
    """
    left = {kind: window for kind in ("logs", "runs") if getattr(window, kind)}
    reading = _Reading(window, job.receipt(window), left, backwards)
    # Under the split plan a log names its run and nothing else: what was listed before need not be asked for by id.
    for kind in ("runs", "logs") if job.settings.plan == split.PLAN else ("logs", "runs"):
        if kind in left:
            async for part in _parts(job, reading, kind):
                yield part
                del part  # or it would stay in memory while the next one is fetched
    findings = []
    if window.runs and (job.command == "nightly" or backwards):
        findings = await _look_for_unlisted(job, reading)
    part = await _part(job, reading, left, last=True)
    yield replace(part, findings=(*findings, *part.findings))


async def _parts(job: Job, reading: _Reading, kind: str) -> AsyncIterator[Part]:
    """Read one listing; yield a part whenever the receipt is full. What is left stays in the receipt."""
    listing, most = job.listings[kind], part_rows(job.windows_at_once)
    if kind == "runs" and listing.embed and await job.with_db(ledger.window_done, replace(reading.window, logs=False)):
        # What a window brings that was read before is stored, but for a few runs.
        listing = replace(listing, embed=())
    async for page in read(job.source, listing, reading.window, reading.take, backwards=reading.backwards):
        if kind == "runs":
            reading.listed |= reading.receipt.seen.runs.keys()
            reading.known |= reading.receipt.seen.runs.keys() | reading.receipt.seen.rejected_runs
        if len(reading.receipt.seen) >= most:
            done, reading.left[kind] = _fully_read(page, reading.left[kind])
            yield await _part(job, reading, {kind: done} if done else {})
            reading.receipt = job.receipt(reading.window)
    if kind == "runs":
        job.crossing.note(reading.window, reading.receipt.seen.runs.values())
        job.crossing.listed(reading.window)


def part_rows(windows_at_once: int) -> int:
    """How many rows of one window make a part."""
    return min(PART_ROWS, max(LEAST_PART_ROWS, ROWS_IN_HAND // windows_at_once))


def _fully_read(page: Read, left: Window) -> tuple[Window | None, Window]:
    """Split what is left of the window at the time that the listing has fully passed, if its order is known."""
    at = page.reached
    if at is not None and page.descending:
        at += MICROSECOND
    if at is None or not left.start < at < left.end:
        return None, left
    older, newer = replace(left, end=at), replace(left, start=at)
    return (newer, older) if page.descending else (older, newer)


async def _part(job: Job, reading: _Reading, read_now: dict[str, Window], *, last: bool = False) -> Part:
    """What the receipt holds, completed, as one commit. read_now: the span that it marks as read, of each listing."""
    missing = reading.receipt.seen.runs_missing() - reading.known
    missing = await job.crossing.to_ask(reading.window, missing)
    findings = await hydrate(job, reading.receipt, missing)
    job.crossing.note(reading.window, reading.receipt.seen.runs.values())
    logs, runs = (_settled(job, read_now.get(kind)) for kind in ("logs", "runs"))
    return _made(reading.receipt, findings, logs, runs, last=last)


def _made(receipt: Receipt, findings: list[Finding], logs: Window | None, runs: Window | None, *, last: bool) -> Part:
    return Part(receipt.batch(logs=logs, runs=runs), tuple(findings), last, receipt.arrived())


def _settled(job: Job, window: Window | None) -> Window | None:
    """What of a span counts as read. Of a backfill the newest minutes do not: their rows are still arriving."""
    if window is None or job.command == "nightly" or window.end <= job.settled_before:
        return window
    return replace(window, end=job.settled_before) if window.start < job.settled_before else None


async def _look_for_unlisted(job: Job, reading: _Reading) -> list[Finding]:
    """Runs that are stored and that the listing no longer shows are asked for by id: a 404 marks them as gone."""
    stored: set[str] = await job.with_db(ledger.run_ids_created_in, reading.window)
    return await runs_by_id(job, reading.receipt, stored - reading.listed - reading.receipt.seen.runs.keys())


async def open_runs(job: Job, before: datetime) -> AsyncIterator[Part]:
    """Older runs that are still open, read by id, in parts."""
    due: list[str] = await job.with_db(outstanding.open_runs_due, job.now, before)
    for first in range(0, len(due), OPEN_RUNS_AT_ONCE):
        receipt = job.receipt(None)
        findings = await runs_by_id(job, receipt, due[first : first + OPEN_RUNS_AT_ONCE])
        findings += await hydrate(job, receipt, receipt.seen.runs_missing())
        yield _made(receipt, findings, None, None, last=True)
