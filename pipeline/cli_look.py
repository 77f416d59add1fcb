"""Commands that read: status, sql, check, report."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli_outcome import now
from pipeline.errors import NotThereYet
from pipeline.settings import from_environment


class Format(StrEnum):
    """How `sql` prints its rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for monitoring.")] = False,
) -> None:
    """Show what is loaded and every gap in it, open findings, and how fresh it is. Works while a run is writing."""
    from pipeline.status import as_text, look, to_json

    known = look(from_environment())
    typer.echo(to_json(known) if as_json else as_text(known, now()))


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help='Such as "SELECT count(*) FROM runs".')],
    output: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.TABLE,
) -> None:
    """Ask the published database. It only reads; no run has to wait for it, and it waits for none."""
    from pipeline.sqlshell import query as ask

    typer.echo(ask(from_environment().home, query, output.value))


def report(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")] = Path("report.html"),
) -> None:
    """Write a page of charts that needs nothing but a browser."""
    write = _planned("pipeline.report", "write_report", "report", "Ask the marts with `flowledger sql` meanwhile.")
    typer.echo(f"Written: {write(from_environment(), out, now())}")


def check() -> None:
    """Ask every check of all that is stored; writes nothing. Each load checks what it touches anyway."""
    from pipeline.recheck import run_check

    raise typer.Exit(run_check(from_environment(), now(), typer.echo))


def _planned(module: str, function: str, command: str, instead: str) -> Callable[..., Any]:
    """The function of a command that a later version brings; NotThereYet says so in one sentence."""
    found: Callable[..., Any] | None = getattr(import_module(module), function, None) if find_spec(module) else None
    if found is None:
        raise NotThereYet(f"`flowledger {command}` is planned and not there yet. {instead}".rstrip())
    return found
