"""`flowledger rejects`: the quarantine of objects that could not be read."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli_outcome import now, perform
from pipeline.settings import from_environment

app = typer.Typer(
    help="Look at and repair quarantined rows: the objects that could not be read, each with its raw text.",
    no_args_is_help=True,
)

RejectId = Annotated[str, typer.Argument(metavar="ID", help="Id of the reject, from `flowledger rejects list`.")]


@app.command("list")
def list_all() -> None:
    """Show the open rejects: what failed, where, and why."""
    from pipeline import rejects
    from pipeline.progress import table

    rows = rejects.list_rejects(from_environment())
    typer.echo(table(rows) if rows else "No rejects: every object that was read is in its table.")


@app.command()
def show(reject_id: RejectId) -> None:
    """Show one reject with its raw text."""
    from pipeline import rejects

    for name, value in rejects.show(from_environment(), reject_id).items():
        typer.echo(f"{name}: {value}")


@app.command("replay")
def replay_all() -> None:
    """Read the open rejects again from their raw text, as after an upgrade; those that load are closed."""
    from pipeline import rejects

    settings = from_environment()
    perform("rejects replay", settings, lambda _: rejects.replay_rejects(settings, now=now()))


@app.command()
def discard(reject_id: RejectId) -> None:
    """Close one reject without loading it; it stays on record as discarded."""
    from pipeline import rejects

    rejects.discard(from_environment(), reject_id)
    typer.echo(f"Discarded {reject_id}.")
