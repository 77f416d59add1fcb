"""Compares what is stored of a day with the source's totals: count and exact spend, inside the commit's transaction.

In: an open connection and `DayTotals`. Out: `Comparison`s, each a row of `ledger.reconciliation`. Equal means: the same
number of runs, and the same spend at as many decimals as the source prints. Source: design, P3 and section 4.7; ADR 17.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from pipeline.day import Comparison, DayTotals
from pipeline.explain import Differing, counted, explanation_of, span_of
from pipeline.loads import Load
from pipeline.statements import sql_text
from pipeline.totals import DAY, MICROSECOND, equal_at, start_of

Connection = duckdb.DuckDBPyConnection

EQUAL = frozenset({"ok", "healed"})
# Spend of a closed day may still move for so long: runs end, and are corrected.
MOVES = timedelta(days=7)
# A run that is open for longer is a finding of its own, and hides no difference.
MOVES_WHILE_OPEN = timedelta(days=30)
# A source that prints 12.5 may mean 12.50; cents at least are always compared.
FEWEST_DECIMALS = 2
TOLD = ("status", "runs_here", "runs_there", "spend_here", "spend_there", "explanation")
ENTERED = (*TOLD, "checked_at", "decimals", "open_runs", "open_spend", "gone_runs")
# A double holds fifteen digits; adding thousands of them up loses a few.
FLOATING = Decimal("1E-12")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a day. gone: no longer at the source; open: not ended. Both are part of runs and spend."""

    runs: int
    spend: Decimal
    gone_runs: int
    gone_spend: Decimal
    open_runs: int
    open_spend: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to count what is stored. note: what the reader must know of it; open: it leaves open runs' costs out."""

    runs: int
    spend: Decimal
    note: str = ""
    open: bool = False


def compare(con: Connection, load: Load, totals: Sequence[DayTotals], now: datetime) -> list[Comparison]:
    """Compare each day and enter the result; a day that was given a total is no longer touched.

    An answer that tells no total is entered once, not each night. now: when the command began.
    """
    if not totals:
        return []
    decimals = max(FEWEST_DECIMALS, _decimals_known(con), *(each.decimals for each in totals))
    found = []
    for each in totals:
        before = _newest(con, each.day)
        comparison = _in_order(_compared(con, load, each, before, decimals, now), before)
        if comparison.status != "unavailable" or comparison.is_new:
            _enter(con, load, comparison)
        found.append(replace(comparison, read_again=_was_read_again(con, comparison)))
    con.execute(
        "DELETE FROM warehouse.ledger.touched_days WHERE day IN (SELECT unnest($days::VARCHAR[]))",
        {"days": [each.day.isoformat() for each in found if each.status != "unavailable"]},
    )
    return found


def readings(stored: Stored) -> Iterator[Reading]:
    """The ways a source may count the same runs, the plain one first. Which one it is nobody has documented."""
    runs, spend = stored.runs - stored.gone_runs, stored.spend - stored.gone_spend
    gone = counted(stored.gone_runs) if stored.gone_runs else ""
    yield Reading(runs, spend, f"stored beside these: {gone} that the source no longer has" if gone else "")
    if gone:
        yield Reading(stored.runs, stored.spend, f"the source still counts {gone} that it no longer has")
    if stored.open_spend:
        told = f"the source leaves out the cost of what has not ended: {counted(stored.open_runs)}"
        yield Reading(runs, spend - stored.open_spend, told, open=True)


def _compared(
    con: Connection, load: Load, totals: DayTotals, before: dict[str, Any] | None, decimals: int, now: datetime
) -> Comparison:
    stored = _stored(con, totals.day)
    reading, fits = _fitting(con, totals, stored, decimals)
    if totals.runs is None or totals.spend is None:
        status, told = "unavailable", totals.reason
    elif fits:
        healed = before is not None and before["load_id"] == load.load_id and before["status"] not in EQUAL
        changed = before is not None and (before["runs_here"], before["spend_here"]) != (reading.runs, reading.spend)
        status = "provisional" if reading.open else "healed" if healed and changed else "ok"
        told = reading.note
    else:
        age = min(now, totals.asked_at) - start_of(totals.day) - DAY
        moves = age < (MOVES_WHILE_OPEN if stored.open_runs else MOVES)
        status = "provisional" if moves and totals.runs == reading.runs else "mismatch"
        differing = Differing(reading.runs, reading.spend, stored.open_runs, decimals, young=age < MOVES)
        told = explanation_of(con, totals, differing)
    return Comparison(
        day=totals.day,
        status=status,
        runs_here=reading.runs,
        runs_there=totals.runs,
        spend_here=reading.spend,
        spend_there=totals.spend,
        explanation=told,
        checked_at=totals.asked_at,
        decimals=decimals,
        open_runs=stored.open_runs,
        open_spend=stored.open_spend,
        gone_runs=stored.gone_runs,
        differs=not fits and status != "unavailable",
    )


def _fitting(con: Connection, totals: DayTotals, stored: Stored, decimals: int) -> tuple[Reading, bool]:
    """The first way to count that gives the source's totals; the plain one, and False, when none does."""
    plain, *others = readings(stored)
    if totals.runs is None or totals.spend is None:
        return plain, False
    for reading in (plain, *others):
        if reading.runs == totals.runs and equal_at(reading.spend, totals.spend, decimals):
            return reading, True
    rounds = plain.runs == totals.runs and totals.decimals >= FEWEST_DECIMALS
    if rounds and _rounded(con, totals) == totals.spend:
        told = f"the source rounds the cost of each run to {totals.decimals} decimals before it adds them up"
        return Reading(plain.runs, plain.spend, told), True
    near = abs(plain.spend - totals.spend) <= abs(totals.spend) * FLOATING
    if totals.is_number and plain.runs == totals.runs and near:
        return Reading(plain.runs, plain.spend, "the source adds up in floating point: equal to twelve digits"), True
    return plain, False


def _in_order(made: Comparison, before: dict[str, Any] | None) -> Comparison:
    """The comparison after the one before it, whatever the clock says, and whether it tells anything else."""
    if before is None:
        return made
    told = ("status", "explanation") if made.status == "unavailable" else TOLD
    is_new = any(getattr(made, name) != before[name] for name in told)
    return replace(made, checked_at=max(made.checked_at, before["checked_at"] + MICROSECOND), is_new=is_new)


def _stored(con: Connection, day: date) -> Stored:
    row = con.execute(sql_text("reconciliation/day_here.sql"), span_of(day)).fetchall()[0]
    return Stored(*row)


def _rounded(con: Connection, totals: DayTotals) -> Decimal:
    query = sql_text("reconciliation/day_rounded.sql").format(decimals=totals.decimals)
    amount: Decimal = con.execute(query, span_of(totals.day)).fetchall()[0][0]
    return amount


def _newest(con: Connection, day: date) -> dict[str, Any] | None:
    rows = con.execute(sql_text("reconciliation/newest.sql"), {"day": day.isoformat()})
    names = [column[0] for column in rows.description]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return found[0] if found else None


def _was_read_again(con: Connection, made: Comparison) -> bool:
    figures = {name: getattr(made, name) for name in ("runs_here", "runs_there", "spend_here", "spend_there")}
    query = sql_text("reconciliation/read_again.sql")
    return bool(con.execute(query, {"day": made.day.isoformat(), **figures}).fetchall()[0][0])


def _decimals_known(con: Connection) -> int:
    rows = con.execute("SELECT coalesce(max(decimals), 0) AS most FROM warehouse.ledger.reconciliation").fetchall()
    return int(rows[0][0])


def _enter(con: Connection, load: Load, made: Comparison) -> None:
    row = {name: getattr(made, name) for name in ENTERED} | {"day": made.day.isoformat(), "load_id": load.load_id}
    columns, places = ", ".join(row), ", ".join(f"${name}" for name in row)
    con.execute(f"INSERT INTO warehouse.ledger.reconciliation ({columns}) VALUES ({places})", row)
