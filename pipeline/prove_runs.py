"""Proves the logs and node runs of ended runs, of which the source publishes no totals: asks for them run by run.

In: a job whose windows are committed. Out: what was missing is stored, and what stays missing is in
`ledger.incomplete_runs`. Asked are runs of which the source says to have more than is stored, and a few by lot: if the
list over all runs has left out lines of those, all runs of the span are asked. Source: design, P3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duckdb import DuckDBPyConnection as Connection

from pipeline import completeness, endpoints, ledger, windows
from pipeline.completeness import Incomplete
from pipeline.errors import AccessRefused, FlowledgerError
from pipeline.extract import Part
from pipeline.hydrate import NOT_FOUND, read_each
from pipeline.job import Job
from pipeline.receipt import Receipt
from pipeline.totals import DAY, MICROSECOND
from pipeline.upsert import upsert
from pipeline.values import Finding, Request, Window

SAMPLED = 20
# Requests of one load beyond the sample: about a minute at ten a second. The rest is for the next load.
MOST_RUNS = 500
RUNS_AT_ONCE = 100
FEW = 2
REFUSED = (
    "The key may list the logs of all runs and is refused those of some single runs: what the list over all leaves out "
    "of them cannot be found. It needs the scope runs:read for every kind of run."
)


async def prove_runs(job: Job, runs: Window, logs: Window | None, *, all_of_them: bool = False) -> None:
    """Ask for what is missing of the ended runs created in `runs`; draw the sample from those within `logs`.

    all_of_them: without a bound on how many are asked. What fails is a finding: what is stored stays good.
    """
    try:
        await _ask_for_missing(job, runs, None if all_of_them else MOST_RUNS)
        if logs is not None:
            await _look_at_sample(job, logs, None if all_of_them else MOST_RUNS)
    except FlowledgerError as failure:
        told = f"Runs could not be asked for their logs and node runs: {failure} The next run asks again."
        job.tally.findings.append(Finding("runs_not_proven", "warn", told))


async def _ask_for_missing(job: Job, span: Window, most: int | None) -> None:
    missing: list[Incomplete] = await job.with_db(completeness.incomplete_runs, span)
    lately: set[tuple[str, str]] = await job.with_db(completeness.asked_lately, job.now) if most else set()
    all_due = [each for each in missing if (each.run_id, each.missing) not in lately]
    due = all_due[:most]
    if len(all_due) > len(due):
        job.tally.findings.append(_not_asked(span, len(all_due) - len(due)))
    for first in range(0, len(due), RUNS_AT_ONCE):
        await _ask(job, span, [_request(each) for each in due[first : first + RUNS_AT_ONCE]])
    await job.with_db(completeness.note, span, [(each.run_id, each.missing) for each in due], job.now)


def _not_asked(span: Window, runs: int) -> Finding:
    last = (span.end - MICROSECOND).date() + DAY
    told = (
        f"Of runs of {span.key} that have ended, {runs:,} lists of logs or node runs are missing and were not asked "
        f"for: one load asks for {MOST_RUNS}. To ask for all: "
        f"flowledger reconcile --from {span.start.date()} --to {last} --heal"
    )
    return Finding("runs_not_proven", "warn", told, runs)


async def _look_at_sample(job: Job, span: Window, most: int | None) -> None:
    """Runs are listed again by their ids. One unknown line, and the list over all runs is no longer believed."""
    ids: list[str] = await job.with_db(completeness.sample, span, job.load.load_id, SAMPLED)
    lost = await _logs_of(job, span, ids)
    if not lost:
        return
    others: list[str] = await job.with_db(completeness.sample, span, job.load.load_id, most or 1 << 40)
    others = [run_id for run_id in others if run_id not in ids]
    for first in range(0, len(others), RUNS_AT_ONCE):
        lost += await _logs_of(job, span, others[first : first + RUNS_AT_ONCE])
    beyond = " There are more runs than one load asks." if len(others) + len(ids) == most else ""
    told = (
        f"The list over all runs left out {lost:,} log {'line' if lost == 1 else 'lines'} of {span.key}: {len(ids)} "
        f"runs by lot and then {len(others)} more were listed one by one, and what that found is stored.{beyond} To "
        "ask every run of older days: flowledger reconcile --from DAY --to DAY --heal"
    )
    job.tally.findings.append(Finding("logs_left_out", "warn", told, lost))


async def read_logs_of(job: Job, span: Window, run_ids: Iterable[str]) -> None:
    """List the logs of these runs by their ids: whoever lost the runs may have lost their lines, on any day."""
    ids = sorted(run_ids)
    for first in range(0, len(ids), RUNS_AT_ONCE):
        await _logs_of(job, span, ids[first : first + RUNS_AT_ONCE])


async def _logs_of(job: Job, span: Window, ids: Sequence[str]) -> int:
    return await _ask(job, span, [endpoints.logs_of(run_id) for run_id in ids], only_unknown_of=ids)


def _request(each: Incomplete) -> Request:
    return endpoints.logs_of(each.run_id) if each.missing == "logs" else endpoints.node_runs(each.run_id)


async def _ask(job: Job, span: Window, requests: Sequence[Request], *, only_unknown_of: Sequence[str] = ()) -> int:
    """Read lists by run and commit them; returns how many rows came only so.

    span: the runs were created in it. only_unknown_of: the runs asked for, where a batch that brings nothing unknown
    need not be committed. A run that answers 404 went away meanwhile.
    """
    if not requests:
        return 0
    receipt = job.receipt(await job.with_db(_logs_read_from, span))
    findings = await _read(job, receipt, requests)
    job.tally.asked_by_run += len(requests)
    batch = receipt.batch(logs=None, runs=None)
    if only_unknown_of and not batch.rejects:
        unknown: int = await job.with_db(completeness.unknown_logs, batch.tables["logs"], only_unknown_of)
        if not unknown:
            job.tally.findings += findings
            return 0
    # With the window that the rows were cut to: a replay cuts them likewise.
    done = await upsert(job, receipt.window, Part(batch, tuple(findings), last=True), None)
    found = done.merged["logs"].inserted + done.merged["node_runs"].inserted
    job.tally.found_by_run += found
    return found


async def _read(job: Job, receipt: Receipt, requests: Sequence[Request]) -> list[Finding]:
    """Take in each list. Where the key is refused one, the others are asked one by one: no load fails by this."""
    try:
        return await read_each(job, receipt, requests, paged=True, tolerated=NOT_FOUND)
    except AccessRefused:
        # Without the run's id, or another sample would be news every night.
        findings = [Finding("runs_not_proven", "warn", REFUSED)]
    given = refused = 0
    for request in requests:
        try:
            findings += await read_each(job, receipt, [request], paged=True, tolerated=NOT_FOUND)
            given += 1
        except AccessRefused:
            refused += 1
        if refused > FEW and not given:
            break
    return findings


def _logs_read_from(con: Connection, span: Window) -> Window:
    """The span of logs that was read without a break from there on: what lies behind is not missing, but not read."""
    return Window(span.start, max(span.end, windows.contiguous_end(ledger.covered(con, "logs"), span.start)))
