"""One window from the API to Arrow: list, land, decode, hydrate, flatten; in parts when the window is large.

Out: batches, each one commit. A window of more than 50 thousand rows is split at the last time that is fully read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline import ledger, outstanding
from pipeline.hydrate import hydrate, runs_by_id
from pipeline.job import Job
from pipeline.listing import Read, read
from pipeline.receipt import Receipt
from pipeline.values import Batch, Finding, Window

PART_ROWS = 50_000
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


async def extract(job: Job, window: Window, *, backwards: bool = False) -> AsyncIterator[Part]:
    """Yield the window's parts; the last one always comes, also when the window is empty.

    backwards: newest first, where the listings can be sorted.
    """
    receipt = job.receipt(window)
    logs_left = runs_left = window
    if window.logs:
        async for page in read(job.source, job.listings["logs"], window, receipt.take, backwards=backwards):
            if len(receipt.seen) >= PART_ROWS:
                done, logs_left = _fully_read(page, logs_left)
                yield await _part(job, receipt, logs=done)
                receipt = job.receipt(window)
    listed: set[str] = set()
    findings: list[Finding] = []
    if window.runs:
        async for page in read(job.source, job.listings["runs"], window, receipt.take, backwards=backwards):
            listed |= set(receipt.seen.runs)
            if len(receipt.seen) >= PART_ROWS:
                done, runs_left = _fully_read(page, runs_left)
                yield await _part(job, receipt, runs=done)
                receipt = job.receipt(window)
        if job.command == "nightly" or backwards:
            findings = await _look_for_unlisted(job, receipt, window, listed)
    logs = logs_left if window.logs else None
    part = await _part(job, receipt, logs=logs, runs=runs_left if window.runs else None, last=True)
    yield replace(part, findings=(*findings, *part.findings))


def _fully_read(page: Read, left: Window) -> tuple[Window | None, Window]:
    """Split what is left of the window at the time that the listing has fully passed, if its order is known."""
    at = page.reached
    if at is not None and page.descending:
        at += MICROSECOND
    if at is None or not left.start < at < left.end:
        return None, left
    older, newer = replace(left, end=at), replace(left, start=at)
    return (newer, older) if page.descending else (older, newer)


async def _part(
    job: Job, receipt: Receipt, *, logs: Window | None = None, runs: Window | None = None, last: bool = False
) -> Part:
    findings = await hydrate(job, receipt)
    batch = receipt.batch(logs=_settled(job, logs), runs=_settled(job, runs))
    return Part(batch, tuple(findings), last, receipt.arrived())


def _settled(job: Job, window: Window | None) -> Window | None:
    """What of a span counts as read. Of a backfill the newest minutes do not: their rows are still arriving."""
    if window is None or job.command == "nightly" or window.end <= job.settled_before:
        return window
    return replace(window, end=job.settled_before) if window.start < job.settled_before else None


async def _look_for_unlisted(job: Job, receipt: Receipt, window: Window, listed: set[str]) -> list[Finding]:
    """Runs that are stored and that the listing no longer shows are asked for by id: a 404 marks them as gone."""
    stored: set[str] = await job.with_db(ledger.run_ids_created_in, window)
    return await runs_by_id(job, receipt, stored - listed - set(receipt.seen.runs))


async def open_runs(job: Job, before: datetime) -> AsyncIterator[Part]:
    """Older runs that are still open, read by id, in parts."""
    due: list[str] = await job.with_db(outstanding.open_runs_due, job.now, before)
    for first in range(0, len(due), OPEN_RUNS_AT_ONCE):
        receipt = job.receipt(None)
        findings = await runs_by_id(job, receipt, due[first : first + OPEN_RUNS_AT_ONCE])
        part = await _part(job, receipt, last=True)
        yield replace(part, findings=(*findings, *part.findings))
