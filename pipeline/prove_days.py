"""Proves closed days: asks the source for its totals, compares, reads again once what differs, and compares once more.

In: a job whose windows are committed. Out: comparisons in the job's tally, and findings for what still differs. Asked
are days that are wholly read and not yet equal, or touched since: a night costs the same however long the history is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger
from pipeline.day import Comparison, DayTotals
from pipeline.errors import AccessRefused, BrokenBody, FlowledgerError, SourceError
from pipeline.explain import counted
from pipeline.extract import Part, extract
from pipeline.job import Job
from pipeline.prove_runs import read_logs_of
from pipeline.receipt import Receipt
from pipeline.statements import sql_text
from pipeline.totals import DAY, request_for, start_of, whole_days
from pipeline.upsert import upsert
from pipeline.values import Finding, Step, Window

NOT_THERE = 404
ANY_STATUS = frozenset({400, 402, 403, NOT_THERE, 405, 409, 422})
# In one load, the rest in the next; who asks for a span has all. At ten requests a second a year takes under a minute.
MOST_DAYS = 400
FEW = 2
# Where the list has no working filter, each of them reads it from today back to the day.
MOST_READ_AGAIN = 30


async def prove_days(job: Job, *, heal: bool = True, within: Window | None = None, again: bool = False) -> None:
    """Compare the days that are due, and read again, once, those that differ, if `heal`.

    within: only days of this span. again: also those that were equal before. What cannot be asked fails no load.
    """
    days = await job.with_db(days_due, job.now, within, again=again)
    if not days:
        return
    compared = await _compare(job, days)
    _note(job, compared)
    # A day whose first chance was missed (a kill, an outage) has another; one that was read again in vain has not.
    due = [each for each in compared if each.differs and (again or each.is_new or not each.read_again)] if heal else []
    differing = sorted(due, key=lambda each: each.day, reverse=True)[: None if again else MOST_READ_AGAIN]
    for index, each in enumerate(differing):
        await _heal(job, each.day, index, len(differing))
    job.tally.findings += findings_of(job.tally.comparisons.values())


def days_due(con: Connection, now: datetime, within: Window | None, *, again: bool) -> list[date]:
    """Closed UTC days whose runs were read whole, newest first; without those that are settled unless `again`."""
    settled = {day for (day,) in con.execute(sql_text("reconciliation/days_settled.sql"), {"now": now}).fetchall()}
    days = [day for start, end in ledger.covered(con, "runs") for day in whole_days(start, min(end, now))]
    due = [day for day in days if again or day.isoformat() not in settled]
    inside = [day for day in due if within is None or _is_inside(day, within)]
    return sorted(inside, reverse=True)[: None if again else MOST_DAYS]


def _is_inside(day: date, span: Window) -> bool:
    return span.start <= start_of(day) and start_of(day) + DAY <= span.end


async def _compare(job: Job, days: Sequence[date]) -> list[Comparison]:
    """Ask for the totals of the days and compare them, in one commit."""
    receipt = job.receipt(None)
    at_once, refused = job.settings.concurrency, list[DayTotals]()
    for first in range(0, len(days), at_once):
        asked = days[first : first + at_once]
        refused += [told for told in await asyncio.gather(*(_ask(job, receipt, day) for day in asked)) if told]
        # One day may be broken by itself; what several were refused for, the others would be as well.
        if len(refused) >= max(FEW, at_once):
            receipt.totals |= {day: replace(refused[-1], day=day) for day in days if day not in receipt.totals}
            break
    batch = receipt.batch(logs=None, runs=None)
    return (await upsert(job, None, Part(batch, (), last=True), None)).comparisons


async def _ask(job: Job, receipt: Receipt, day: date) -> DayTotals | None:
    """Take in the totals of one day; returns them where they tell nothing."""
    try:
        await job.source.get(request_for(day), receipt.take, accept=ANY_STATUS)
    except AccessRefused:
        raise
    except BrokenBody:
        receipt.totals[day] = _silent(day, "answered with an error, or with no JSON")
    except SourceError:
        receipt.totals[day] = _silent(day, "did not answer")
    return receipt.totals[day] if receipt.totals[day].runs is None else None


def _silent(day: date, told: str) -> DayTotals:
    return DayTotals(day, datetime.now(UTC), reason=f"{request_for(day).path} {told}")


async def _heal(job: Job, day: date, index: int, total: int) -> None:
    """Read the day's logs and runs again, from the other end, so that pages begin and end elsewhere; then compare."""
    window = Window(start_of(day), start_of(day) + DAY)
    before = job.written("logs"), job.written("runs")
    error = None
    try:
        await job.survey(("logs", "runs"))
        known: set[str] = await job.with_db(ledger.run_ids_created_in, window)
        async for part in extract(job, window, backwards=True):
            await upsert(job, window, part, None)
        found: set[str] = await job.with_db(ledger.run_ids_created_in, window) - known
        await read_logs_of(job, window, found)
        _note(job, await _compare(job, [day]))
    except AccessRefused:
        raise
    except FlowledgerError as failure:
        error = f"{day} differs from the source's totals and could not be read again: {failure}"
        job.tally.findings.append(Finding("reconciliation", "warn", error))
    logs, runs = job.written("logs") - before[0], job.written("runs") - before[1]
    job.report(Step(index + 1, total, window, logs, runs, error))
    await job.let_others_in()


def _note(job: Job, compared: Iterable[Comparison]) -> None:
    job.tally.comparisons |= {each.day: each for each in compared}


def findings_of(compared: Iterable[Comparison]) -> list[Finding]:
    """What a person should know: days that differ for good, and totals that may not be read or make no sense."""
    days = sorted(compared, key=lambda each: each.day)
    differing = [each for each in days if each.status == "mismatch"]
    found = [Finding("reconciliation", "warn", _told(each)) for each in differing]
    # An API without the endpoint is tolerated: `status` shows that its days are not proven.
    reasons = {each.explanation: each for each in days if each.status == "unavailable"}
    for reason in reasons:
        if not reason.endswith(f" {NOT_THERE}"):
            refused = "Ask for the scope runs:read, or ask the vendor."
            advice = refused if " answered 4" in reason else "The next run asks again; if it stays so, ask the vendor."
            found.append(Finding("totals_unavailable", "warn", f"{reason}: days cannot be proven whole. {advice}"))
    return found


def _told(each: Comparison) -> str:
    runs, spend = (each.runs_there or 0) - each.runs_here, (each.spend_there or Decimal(0)) - each.spend_here
    parts = ((runs, counted(abs(runs))), (spend, f"{amount(abs(spend))} USD"))
    there, here = [text for more, text in parts if more > 0], [text for more, text in parts if more < 0]
    sides = [f"{' and '.join(there)} there and not here"] * bool(there)
    sides += [f"{' and '.join(here)} here and not there"] * bool(here)
    because = f" It looks like this: {each.explanation}." if each.explanation else ""
    again = "The day was read again, and differs still; once more" if each.read_again else "To read the day again"
    return (
        f"{each.day}: the source counts {counted(each.runs_there or 0)} and {amount(each.spend_there or Decimal(0))} "
        f"USD, stored are {counted(each.runs_here)} and {amount(each.spend_here)} USD; {', '.join(sides)}."
        f"{because} {again}: flowledger reconcile --from {each.day} --to {each.day + DAY} --heal"
    )


def amount(money: Decimal) -> str:
    """An amount to its last digit, without zeros behind it."""
    text = f"{money:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
