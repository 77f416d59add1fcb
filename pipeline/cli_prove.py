"""Commands that prove and repair: reconcile."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli_outcome import now, perform, settings_with_key
from pipeline.errors import UsageError
from pipeline.settings import moment

if TYPE_CHECKING:
    from pipeline.values import Outcome, Window


def reconcile(
    start: Annotated[str, typer.Option("--from", metavar="DAY", help="First day, UTC.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="Exclusive end.")],
    heal: Annotated[
        bool, typer.Option("--heal", help="Read days again that differ, and ask run by run for logs that are missing.")
    ] = False,
) -> None:
    """Compare runs and spend of each day with the totals that Runflow publishes.

    Every nightly does this for the days that have ended and are not yet equal; this asks for every day of a range.
    """
    from pipeline.prove import reconcile as compare
    from pipeline.values import Window

    first, last = moment(start, "--from"), moment(end, "--to")
    if last <= first:
        raise UsageError(f"--to {end} must lie after --from {start}; the end is exclusive.")
    settings, span = settings_with_key(), Window(first, last)
    perform(
        "reconcile",
        settings,
        lambda report: compare(settings, span, heal=heal, now=now(), report=report),
        told=lambda outcome: _days(outcome, span),
    )


def _days(outcome: Outcome, span: Window) -> str:
    """The days that were compared, as a table, and those that could not be."""
    from pipeline.progress import table
    from pipeline.prove_days import amount
    from pipeline.totals import whole_days

    rows = [
        {
            "day": str(each.day),
            "status": each.status,
            "runs here": each.runs_here,
            "runs there": each.runs_there,
            "USD here": amount(each.spend_here),
            "USD there": None if each.spend_there is None else amount(each.spend_there),
            "what it looks like": each.explanation,
        }
        for each in outcome.comparisons
    ]
    compared = {each.day for each in outcome.comparisons}
    left = [day for day in whole_days(span.start, span.end) if day not in compared]
    return "\n".join([*([table(rows)] if rows else []), *_not_compared(left), ""])


def _not_compared(days: list[date]) -> list[str]:
    if not days:
        return []
    named = str(days[0]) if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
    return [f"Not compared: {named}. A day is compared when it has ended and its runs were read whole."]
