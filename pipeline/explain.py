"""Says what a day that differs from the source's totals looks like. It explains; it never makes a day equal.

In: the connection inside the commit's transaction, the totals, and what is stored. Out: one sentence in words that stay
the same while the figures do, or none. The explanations are those that the API contract (1.9) leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from duckdb import DuckDBPyConnection as Connection

from pipeline.day import DayTotals
from pipeline.statements import sql_text
from pipeline.totals import DAY, equal_at, start_of

HALF_HOURS = 48
# Offsets of the world's time zones from UTC, in half hours: from UTC-12 to UTC+14.
ZONES = [half_hours for half_hours in range(-24, 29) if half_hours]


@dataclass(frozen=True, slots=True)
class Differing:
    """What is stored of a day that differs. decimals: to how many spend is compared; young: it may still move."""

    runs: int
    spend: Decimal
    open_runs: int
    decimals: int
    young: bool


def explanation_of(con: Connection, totals: DayTotals, stored: Differing) -> str:
    """The first explanation that fits."""
    if totals.runs is None or totals.spend is None:
        return totals.reason
    if totals.runs != stored.runs:
        return next(_of_count(con, totals, totals.runs - stored.runs, stored.decimals), "")
    return next(_of_spend(con, totals, totals.spend - stored.spend, stored), "")


def _of_count(con: Connection, totals: DayTotals, missing: int, decimals: int) -> Iterator[str]:
    """missing: how many runs the source counts that are not stored; negative when more are stored."""
    rejected = _rejected(con, totals.day)
    if rejected and missing == rejected:
        are = "is" if rejected == 1 else "are"
        yield f"{counted(rejected)} of the day {are} in quarantine: flowledger rejects list"
    yield from _of_zone(con, totals, decimals)
    if missing < 0:
        yield "the source counts fewer runs than it lists: some may have been deleted, or are not counted yet"
    never = [kind for (kind,) in con.execute(sql_text("reconciliation/kinds_never_read.sql")).fetchall()]
    if never:
        yield (
            f"runs that the key may not list, or a list that leaves runs out: no run of a {' or '.join(never)} was "
            "ever read"
        )
    yield "the list leaves runs out that the totals count"


def _of_spend(con: Connection, totals: DayTotals, difference: Decimal, stored: Differing) -> Iterator[str]:
    runs = counted(stored.runs)
    if abs(difference) <= stored.runs * Decimal(5).scaleb(-totals.decimals - 1):
        yield f"rounding: the difference is no more than half of the source's last digit for each of {runs}"
    yield from _of_zone(con, totals, stored.decimals)
    if stored.open_runs:
        yield f"{counted(stored.open_runs)} of the day {'has' if stored.open_runs == 1 else 'have'} not ended"
    if stored.young:
        yield "the day is younger than a week, and its spend may still move"
    yield "the same runs cost something else there than here"


def _of_zone(con: Connection, totals: DayTotals, decimals: int) -> Iterator[str]:
    """Where a day of another time zone has the source's totals, at as many decimals as spend is compared."""
    start = start_of(totals.day)
    before, after = timedelta(hours=14), timedelta(hours=12)
    rows = con.execute(
        sql_text("reconciliation/half_hours.sql"), {"start": start - before, "end": start + DAY + after}
    ).fetchall()
    held = {int(half_hour): (runs, spend) for half_hour, runs, spend in rows}
    midnight = int(before / timedelta(minutes=30))
    fitting = []
    for zone in ZONES:
        # East of UTC a day begins before midnight UTC.
        span = [held[at] for at in range(midnight - zone, midnight - zone + HALF_HOURS) if at in held]
        runs, spend = sum(r for r, _ in span), sum((s for _, s in span), Decimal(0))
        if span and runs == totals.runs and equal_at(spend, totals.spend or Decimal(0), decimals):
            fitting.append(f"UTC{'-' if zone < 0 else '+'}{_hours(abs(zone))}")
    if fitting:
        named = fitting[0] if len(fitting) == 1 else f"some zone from {fitting[0]} to {fitting[-1]}"
        yield f"the source's days seem to begin at midnight of {named}"


def _hours(half_hours: int) -> str:
    return f"{half_hours // 2}{':30' if half_hours % 2 else ''}"


def _rejected(con: Connection, day: date) -> int:
    return int(con.execute(sql_text("reconciliation/day_rejected.sql"), span_of(day)).fetchall()[0][0])


def span_of(day: date) -> dict[str, datetime]:
    """The day as the parameters `start` and `end` of a statement; the end is exclusive."""
    return {"start": start_of(day), "end": start_of(day) + DAY}


def counted(runs: int) -> str:
    """1 run, 2 runs."""
    return "1 run" if runs == 1 else f"{runs:,} runs"
