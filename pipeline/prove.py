"""Proves what was read: logs and node runs run by run, then each closed day against the source's totals.

Part of every nightly and backfill, after their windows, and the command `reconcile` by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pipeline.errors import UsageError
from pipeline.finish import finish
from pipeline.job import Job, open_job
from pipeline.prove_days import prove_days
from pipeline.prove_runs import prove_runs
from pipeline.settings import Settings
from pipeline.values import Outcome, Step, Window, short


async def prove(job: Job, plan: Sequence[Window], *, only_of_it: bool = False) -> None:
    """Prove the windows of a load. A nightly proves every day that is due, whichever load has read it."""
    if not plan:
        return
    runs, logs = _span([window for window in plan if window.runs]), _span([window for window in plan if window.logs])
    if runs is not None:
        await prove_runs(job, runs, logs)
    await prove_days(job, within=_span(plan) if only_of_it else None)


async def reconcile(
    settings: Settings, span: Window, *, heal: bool, now: datetime, report: Callable[[Step], None]
) -> Outcome:
    """Compare every day of the span with the source's totals; with heal, read again what differs or is missing."""
    if not settings.warehouse.exists():
        raise UsageError(f"There is no warehouse in {settings.home} yet: nothing to compare. Run: flowledger nightly")
    told = {"from": short(span.start), "to": short(span.end)}
    async with open_job(settings, "reconcile", told, now) as job:
        job.report = report
        if heal:
            await prove_runs(job, span, span, all_of_them=True)
        await prove_days(job, heal=heal, within=span, again=True)
        return await finish(job)


def _span(plan: Sequence[Window]) -> Window | None:
    return Window(min(w.start for w in plan), max(w.end for w in plan)) if plan else None
