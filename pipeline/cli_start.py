"""Commands to begin with: demo, doctor, sandbox; and serve, to stay."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_outcome import now, settings_with_key
from pipeline.errors import UsageError
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


def serve(
    cron: Annotated[str, typer.Option(help="When the nightly starts; stay clear of the hour the clocks change.")] = (
        "30 4 * * *"
    ),
    timezone: Annotated[
        str | None, typer.Option(help="Time zone of the schedule, such as Europe/Berlin. Default: this machine's.")
    ] = None,
) -> None:
    """Stay and run the nightly on its schedule, through Prefect. Ctrl-C lets the run in hand end first."""
    settings_with_key()
    zone = check_zone(timezone or local_zone())
    from flows.serve import serve_flows

    serve_flows(cron, zone)


def check_zone(name: str) -> str:
    """The name, if it is a time zone that this machine knows; UsageError otherwise."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise UsageError(f"--timezone is {name!r}: write a name such as Europe/Berlin or UTC.") from None


def local_zone() -> str:
    """Name of the machine's time zone; UTC when it does not tell one."""
    told = os.environ.get("TZ", "").lstrip(":")
    link = str(Path("/etc/localtime").resolve())
    return told or (link.split("zoneinfo/", 1)[1] if "zoneinfo/" in link else "UTC")
