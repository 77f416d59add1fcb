"""Ends a command: close the load in the ledger, publish, and compute the exit code from what the command counted."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from pipeline import landing, loads, publish, status
from pipeline.check import run_load_checks
from pipeline.drift import line, record_missing
from pipeline.errors import FlowledgerError
from pipeline.job import Job
from pipeline.values import Finding, Outcome

DONE, FAILED, FINDINGS = 0, 1, 3
REJECTED = "rejected_rows"
# Commands that are typed to hear of findings: what is known already is no less an answer.
ASKED_FOR = frozenset({"reconcile"})


async def finish(job: Job) -> Outcome:
    """Publish when every window was committed and no check fails; otherwise readers keep what they have.

    The load is closed before it is published, so that readers see it as ended, and once more with its version.
    """
    settings = job.settings
    await _check_load(job)
    job.tally.findings = together(job.tally.findings)
    news = await job.with_db(loads.new_findings, job.load, job.tally.findings)
    if job.command in ASKED_FOR:
        news = job.tally.findings
    outcome = _outcome(job, FAILED if job.tally.failed else FINDINGS if news else DONE)
    await job.with_db(loads.finish_load, job.load, outcome, datetime.now(UTC))
    if not outcome.failed:
        try:
            manifest = await job.with_db(publish.publish, settings.home, job.now, reader_root=settings.reader_root)
        except FlowledgerError as failure:
            outcome = replace(outcome, exit_code=FAILED, failed=(("publish", str(failure)),))
        else:
            outcome = replace(outcome, published=manifest.version)
        outcome = replace(outcome, seconds=time.monotonic() - job.started)
        await job.with_db(loads.finish_load, job.load, outcome, datetime.now(UTC))
    await job.with_db(status.write_status, settings.home, datetime.now(UTC))
    if job.command == "nightly" and not outcome.failed:
        landing.prune(settings.raw, job.now - settings.keep_raw)
    return outcome


async def _check_load(job: Job) -> None:
    """Ask what can be judged only of a load that has read everything; of one with a failed window, nothing can."""
    if job.tally.failed:
        return
    job.tally.drift += map(line, await job.with_db(record_missing, job.load))
    for severity in ("fail", "warn"):
        try:
            found = await job.with_db(run_load_checks, severity, job.load.load_id, job.now)
        except FlowledgerError as failure:
            job.tally.failed.append(("checks", str(failure)))
        else:
            job.tally.findings += found
            job.tally.failed += [(f"check {each.check}", each.detail) for each in found if each.severity == "fail"]


def together(findings: list[Finding]) -> list[Finding]:
    """The findings, with those that say the same of several commits as one."""
    rows = sum(found.rows for found in findings if found.check == REJECTED)
    others = list(dict.fromkeys(found for found in findings if found.check != REJECTED))
    if not rows:
        return others
    told = f"{rows:,} {'row' if rows == 1 else 'rows'} could not be read: flowledger rejects list"
    return [Finding(REJECTED, "warn", told, rows), *others]


def _outcome(job: Job, exit_code: int) -> Outcome:
    tally = job.tally
    return Outcome(
        command=job.command,
        load_id=job.load.load_id,
        exit_code=exit_code,
        windows=tally.windows,
        failed=tuple(tally.failed),
        merged=tally.merged,
        findings=tuple(tally.findings),
        drift=tuple(tally.drift),
        rejected=len(tally.rejected),
        requests=job.source.requests,
        retries=job.source.retries,
        wire_bytes=job.source.wire_bytes,
        comparisons=tuple(tally.comparisons[day] for day in sorted(tally.comparisons)),
        asked_by_run=tally.asked_by_run,
        found_by_run=tally.found_by_run,
        seconds=time.monotonic() - job.started,
    )
