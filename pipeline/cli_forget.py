"""`flowledger forget`: takes a person out of everything that Flowledger keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli_outcome import check_id, now
from pipeline.settings import from_environment


def forget(
    user: Annotated[str, typer.Option("--user", metavar="ID", help="Id of the person, as in created_by.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change and stop; nothing is written.")
    ] = False,
) -> None:
    """Forget a person: their id, e-mail and names, and what they wrote in their runs, in pages, tables and files.

    Costs, times, codes and counts of their runs stay, so that spend stays exact. Later loads keep the person out. Every
    published version but the new one is removed at once. No network, no key; stopped at any moment, run it again.
    """
    from pipeline.forget import forget as forget_person

    check_id("--user", user)
    for line in forget_person(from_environment(), user, now=now(), dry_run=dry_run):
        typer.echo(line)
