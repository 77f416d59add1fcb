"""Lines the rooms up: nightly, backfill and single log, from a plan of windows to an outcome.

Windows are fetched concurrently and committed by one committer in the order of the plan. A window that fails is
rolled back and named; the good ones stay. What readers see is new only when every window was committed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline import ledger, windows
from pipeline.endpoints import log as log_request
from pipeline.errors import AccessRefused, FlowledgerError, RequestRefused, UsageError
from pipeline.extract import Part, extract, open_runs
from pipeline.finish import finish
from pipeline.hydrate import hydrate, list_dimension, pricing
from pipeline.job import Job, open_job
from pipeline.prove import prove, span_of
from pipeline.settings import Settings
from pipeline.upsert import upsert
from pipeline.values import Outcome, Step, Window, short

Parts = asyncio.Queue[Part | Exception]
Extract = Callable[[Job, Window, Parts], Awaitable[None]]
Upsert = Callable[[Job, Window, Parts, datetime | None], Awaitable[None]]
Finish = Callable[[Job], Awaitable[Outcome]]


async def extract_window(job: Job, window: Window, parts: Parts) -> None:
    """Put the window's parts into the queue; waits while nobody takes them."""
    async for part in extract(job, window):
        await parts.put(part)
        del part  # or it would stay in memory while the next one is fetched


async def upsert_window(job: Job, window: Window, parts: Parts, watermark: datetime | None) -> None:
    """Commit the window's parts as they come; the watermark moves with the last one."""
    while True:
        part = await parts.get()
        if isinstance(part, Exception):
            raise part
        last = part.last
        await upsert(job, window, part, watermark if last else None)
        del part
        if last:
            return


async def nightly(
    settings: Settings,
    *,
    until: datetime | None,
    now: datetime,
    report: Callable[[Step], None],
    accept_source: bool = False,
    steps: tuple[Extract, Upsert, Finish] = (extract_window, upsert_window, finish),
) -> Outcome:
    """The nightly job: dimensions, windows from the watermark less the lookback, open runs, publish."""
    end = until or (now - settings.lag).replace(second=0, microsecond=0)
    async with open_job(settings, "nightly", {"until": short(end)}, now, accept_source=accept_source) as job:
        job.report = report
        watermark = await job.with_db(ledger.watermark)
        # Before the first night has succeeded it begins where it began before, or a day would be left out each night.
        first = settings.start or await job.with_db(ledger.first_night)
        plan = windows.plan_nightly(watermark, end, first, settings.lookback, settings.sweep)
        await job.survey(("logs", "runs"))
        await _dimensions(job)
        await run_windows(job, plan, steps, watermark=watermark, moves_watermark=True)
        await _open_runs(job, plan[0].start if plan else end)
        await prove(job, plan)
        return await steps[2](job)


async def backfill(
    settings: Settings,
    plan: Sequence[Window],
    *,
    resume: bool,
    now: datetime,
    report: Callable[[Step], None],
    accept_source: bool = False,
    steps: tuple[Extract, Upsert, Finish] = (extract_window, upsert_window, finish),
) -> Outcome:
    """Load the planned windows; with resume, those already done are skipped. Never moves the nightly's watermark."""
    told = {"from": short(min(w.start for w in plan)), "to": short(max(w.end for w in plan))} if plan else {}
    async with open_job(settings, "backfill", told, now, accept_source=accept_source) as job:
        job.report = report
        # What an earlier try has read and was killed before it proved is proven now.
        asked = span_of(plan)
        if resume:
            plan = [window for window in plan if not await job.with_db(ledger.window_done, window)]
        if plan:
            await job.survey(("logs", "runs"))
        await run_windows(job, plan, steps)
        await prove(job, plan, within=asked)
        return await steps[2](job)


async def single_log(settings: Settings, log_id: str, run_id: str | None, *, now: datetime) -> Outcome:
    """Load one log line with its run, by the single-log endpoint."""
    async with open_job(settings, "log", {"log": log_id}, now) as job:
        receipt = job.receipt(None)
        try:
            await job.source.get(log_request(log_id, run_id or "any"), receipt.take)
        except RequestRefused as refusal:
            if refusal.status == 404:
                raise FlowledgerError(f"There is no log {log_id}: the API answered 404. Check the id.") from None
            raise
        findings = await hydrate(job, receipt, receipt.seen.runs_missing())
        part = Part(receipt.batch(logs=None, runs=None), tuple(findings), last=True)
        await upsert(job, None, part, None)
        return await finish(job)


def plan_backfill(start: datetime, end: datetime, width: timedelta, *, newest_first: bool) -> list[Window]:
    """The windows of a backfill; UsageError when the range is empty."""
    if end <= start:
        raise UsageError(f"--to ({short(end)}) must lie after --from ({short(start)}); the end is exclusive.")
    plan = windows.split(start, end, width)
    return plan[::-1] if newest_first else plan


async def run_windows(
    job: Job,
    plan: Sequence[Window],
    steps: tuple[Extract, Upsert, Finish],
    *,
    watermark: datetime | None = None,
    moves_watermark: bool = False,
) -> None:
    """Fetch windows concurrently, commit them in order. Only a refused key ends the job; others fail alone."""
    plan = whole_where_unfiltered(job, list(plan))
    job.crossing.plan(plan)
    job.windows_at_once = max(1, min(job.settings.concurrency, len(plan)))
    room = asyncio.Semaphore(job.settings.concurrency)

    async def fetch(window: Window, parts: Parts) -> None:
        async with room:
            job.crossing.begin(window)
            try:
                await steps[0](job, window, parts)
            except Exception as error:  # noqa: BLE001  whatever it is, the committer must not wait for more parts
                job.crossing.listed(window)
                await parts.put(error)
            finally:
                job.crossing.end(window)

    fetching: deque[tuple[asyncio.Task[None], Parts]] = deque()
    started = 0
    unbroken = moves_watermark
    try:
        for index, window in enumerate(plan):
            while started < min(len(plan), index + job.settings.concurrency * 2):
                queue: Parts = asyncio.Queue(maxsize=1)
                fetching.append((asyncio.create_task(fetch(plan[started], queue)), queue))
                started += 1
            moves = contiguous_watermark(plan, index, watermark) if unbroken else None
            unbroken = await _commit(job, window, fetching[0][1], steps[1], moves, index, len(plan)) and unbroken
            fetching.popleft()[0].cancel()
            await job.let_others_in()
    finally:
        for task, _ in fetching:
            task.cancel()
        await asyncio.gather(*(task for task, _ in fetching), return_exceptions=True)


def contiguous_watermark(plan: Sequence[Window], index: int, watermark: datetime | None) -> datetime | None:
    """Where the watermark may stand once the windows up to `index` are committed; None where it need not move.

    Nothing before it may be left to read, runs included: what a later night does not reach again would be lost.
    """
    logs_read = max((window.end for window in plan[: index + 1] if window.logs), default=None)
    if logs_read is None:
        return None
    reached = min([logs_read, *(window.start for window in plan[index + 1 :])])
    return reached if watermark is None or reached > watermark else None


async def _commit(
    job: Job, window: Window, parts: Parts, step: Upsert, watermark: datetime | None, index: int, total: int
) -> bool:
    before = job.written("logs"), job.written("runs")
    error: str | None = None
    try:
        await step(job, window, parts, watermark)
        job.tally.windows += 1
    except AccessRefused:
        raise
    except Exception as failure:  # noqa: BLE001  likewise: one window must not take the others with it
        error = str(failure) if isinstance(failure, FlowledgerError) else f"{type(failure).__name__}: {failure}"
        job.tally.failed.append((window.key, error))
        job.crossing.failed(window)
        await job.with_db(ledger.window_failed, job.load, window, error, job.now)
    logs, runs = job.written("logs") - before[0], job.written("runs") - before[1]
    job.report(Step(index + 1, total, window, logs, runs, error))
    return error is None


def whole_where_unfiltered(job: Job, plan: list[Window]) -> list[Window]:
    """Without a working filter a listing is read once for the whole range, not once per window."""
    for kind in ("logs", "runs"):
        mine = [w for w in plan if getattr(w, kind)]
        if job.listings and job.listings[kind].grammar is None and len(mine) > 1:
            whole = Window(min(w.start for w in mine), max(w.end for w in mine), kind == "logs", kind == "runs")
            rest = [replace(w, logs=w.logs and kind != "logs", runs=w.runs and kind != "runs") for w in plan]
            plan = [w for w in rest if w.logs or w.runs] + [whole]
    return sorted(plan, key=lambda w: w.start) if len({w.start for w in plan}) < len(plan) else plan


async def _dimensions(job: Job) -> None:
    """Flows, models and prices, read whole at the beginning of every night."""
    receipt = job.receipt(None)
    try:
        findings = await list_dimension(job, receipt, "flows")
        findings += await list_dimension(job, receipt, "models")
        findings += await pricing(job, receipt)
        batch = receipt.batch(logs=None, runs=None)
        await upsert(job, None, Part(batch, tuple(findings), last=True, arrived=receipt.arrived()), None)
    except AccessRefused:
        raise
    except FlowledgerError as failure:
        job.tally.failed.append(("flows, models and prices", str(failure)))


async def _open_runs(job: Job, before: datetime) -> None:
    try:
        async for part in open_runs(job, before):
            await upsert(job, None, part, None)
    except AccessRefused:
        raise
    except FlowledgerError as failure:
        job.tally.failed.append(("open runs", str(failure)))
