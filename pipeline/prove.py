"""Proves what was read: logs and node runs run by run, then each closed day against the source's totals.

Part of every nightly and backfill, after their windows, and the command `reconcile` by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pipeline.errors import AccessRefused, FlowledgerError, UsageError
from pipeline.finish import finish
from pipeline.job import Job, open_job
from pipeline.prove_days import prove_days
from pipeline.prove_runs import prove_runs
from pipeline.settings import Settings
from pipeline.values import Finding, Outcome, Step, Window, short


async def prove(job: Job, plan: Sequence[Window], within: Window | None = None) -> None:
    """Prove what the windows of a load have read. within: days of this span only; None for all that are due.

    Whatever fails here, what was read is good, and is published: only its proof is missing, and that is said.
    """
    runs, logs = (
        span_of([window for window in plan if window.runs]),
        span_of([window for window in plan if window.logs]),
    )
    try:
        if runs is not None:
            await prove_runs(job, runs, logs)
        await prove_days(job, within=within)
    except AccessRefused:
        raise
    except Exception as failure:  # noqa: BLE001  the load itself has succeeded
        why = str(failure) if isinstance(failure, FlowledgerError) else f"{type(failure).__name__}: {failure}"
        told = f"Not everything that was read could be proven: {why.partition(chr(10))[0]} The next run tries again."
        job.tally.findings.append(Finding("not_proven", "warn", told))


async def reconcile(
    settings: Settings, span: Window, *, heal: bool, now: datetime, report: Callable[[Step], None]
) -> Outcome:
    """Compare every day of the span with the source's totals; with heal, read again what differs or is missing."""
    if not settings.warehouse.exists():
        raise UsageError(f"There is no warehouse in {settings.home} yet: nothing to compare. Run: flowledger nightly")
    asked = {"from": short(span.start), "to": short(span.end)}
    async with open_job(settings, "reconcile", asked, now) as job:
        job.report = report
        if heal:
            await prove_runs(job, span, span, all_of_them=True)
        await prove_days(job, heal=heal, within=span, again=True)
        if all(each.status == "unavailable" for each in job.tally.comparisons.values()):
            why = next(
                (each.explanation for each in job.tally.comparisons.values()), "none was read whole, or has ended"
            )
            told = f"No day from {asked['from']} to {asked['to']} could be compared: {why}."
            job.tally.findings.append(Finding("nothing_compared", "warn", told))
        return await finish(job)


def span_of(plan: Sequence[Window]) -> Window | None:
    """From the first start to the last end."""
    return Window(min(w.start for w in plan), max(w.end for w in plan)) if plan else None
