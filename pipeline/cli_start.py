"""Commands to begin with: demo, doctor, sandbox; and serve, to stay."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli_outcome import now
from pipeline.settings import from_environment


def demo(
    days: Annotated[int, typer.Option(min=1, max=60, help="Days of simulated history.")] = 7,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows.")] = 7,
) -> None:
    """See it work: simulated API, nightly load, results. No key, no network; data goes to ./flowledger-demo."""
    from pipeline.demo import run_demo

    raise typer.Exit(run_demo(typer.echo, days=days, seed=seed))


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Look at this machine only; ask the API nothing.")] = False,
) -> None:
    """Check key, organisation, versions, disk and settings, and learn with about 20 requests how the API behaves.

    Writes a report without keys, names or ids (doctor-report.json in FLOWLEDGER_HOME) that can be shared.
    """
    from pipeline.doctor import examine

    raise typer.Exit(examine(from_environment(), now(), typer.echo, offline=offline))


def sandbox(context: typer.Context) -> None:
    """Serve a simulated Runflow API on this machine, with its faults as switches: flowledger sandbox --help."""
    from pipeline.sandbox import run

    raise typer.Exit(run(context.args))


def serve() -> None:
    """Stay and run the nightly on its schedule, through Prefect. Stops after the window in hand on Ctrl-C."""
    from flows.serve import serve as stay

    stay(from_environment())
