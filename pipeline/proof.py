"""How much of what is stored is proven, gathered for those who may not open the warehouse. Out: `Proof`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from duckdb import DuckDBPyConnection as Connection

from pipeline.statements import sql_text
from pipeline.totals import whole_days

EQUAL = ("ok", "healed")


@dataclass(frozen=True, slots=True)
class Proof:
    """What the comparisons with the source's totals, and the questions run by run, have shown so far.

    days: closed UTC days that were read whole, by the status of their newest comparison; those that were not compared
    yet are under `not compared`. newest_equal: the last day that is equal to the source's totals.
    incomplete_runs: ended runs of which the source says to have more than is stored, by what is missing.
    moved_after_days: how long after its end a day's totals were still seen to move. counts_open_runs: whether the
    source's spend holds the cost of runs that have not ended. Both None where no comparison could tell.
    """

    days: dict[str, int]
    newest_equal: date | None
    incomplete_runs: dict[str, int]
    moved_after_days: int | None
    counts_open_runs: bool | None


def gather_proof(con: Connection, read: Iterable[tuple[datetime, datetime]], now: datetime) -> Proof:
    """read: the spans over which runs were read whole."""
    closed = {str(day) for start, end in read for day in whole_days(start, min(end, now))}
    rows = con.execute(sql_text("reconciliation/newest_of_each.sql")).fetchall()
    compared = dict(rows)
    counts: dict[str, int] = {}
    for day in closed:
        status = compared.get(day, "not compared")
        counts[status] = counts.get(status, 0) + 1
    equal = [date.fromisoformat(day) for day, status in rows if status in EQUAL]
    moved, counts_open = con.execute(sql_text("reconciliation/habits.sql")).fetchall()[0]
    missing = con.execute(
        "SELECT missing, count(*) AS runs FROM warehouse.ledger.incomplete_runs WHERE asks > 0 "
        "GROUP BY missing ORDER BY missing"
    ).fetchall()
    return Proof(counts, max(equal, default=None), dict(missing), moved, counts_open)


def proof_lines(proof: Proof) -> list[str]:
    """For a person: how many days are proven, and what the source was seen to do."""
    closed = sum(proof.days.values())
    if not closed:
        return ["Proven: no UTC day that has ended was read whole yet"]
    equal = sum(count for status, count in proof.days.items() if status in EQUAL)
    others = [f"{count:,} {status}" for status, count in sorted(proof.days.items()) if status not in EQUAL]
    newest = f"; the newest is {proof.newest_equal}" if proof.newest_equal else ""
    lines = [f"Proven: {equal:,} of {closed:,} closed days equal the source's totals in runs and spend{newest}"]
    lines += [f"  others: {', '.join(others)}"] if others else []
    if proof.moved_after_days is not None:
        lines.append(f"  the totals of a day were seen to move until {proof.moved_after_days} days after its end")
    if proof.counts_open_runs is not None:
        how = "holds" if proof.counts_open_runs else "leaves out"
        lines.append(f"  the source's spend {how} the cost of runs that have not ended")
    return lines
