"""Commands that write: nightly, backfill, log, replay, publish."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli_outcome import check_id, now, perform, settings_with_key
from pipeline.errors import UsageError
from pipeline.settings import Settings, duration, from_environment, moment

if TYPE_CHECKING:
    from pipeline.cli_outcome import Report, Result
    from pipeline.values import Window

FROM_HELP = "First moment: a date (midnight UTC) or a time such as 2026-11-22T06:00:00Z."
TO_HELP = "Exclusive end, written likewise."

AcceptSource = Annotated[
    bool,
    typer.Option("--accept-source", help="The warehouse remembers another URL or organisation that has merely moved."),
]


def nightly(
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Exclusive end. Without it: now less FLOWLEDGER_LAG (15m)."),
    ] = None,
    no_prefect: Annotated[
        bool, typer.Option("--no-prefect", help="Run without Prefect, for cron. The result is the same.")
    ] = False,
    accept_source: AcceptSource = False,
) -> None:
    """Load everything new, then publish. Run it every night; one run heals any number of missed nights.

    It reads from the watermark less the lookback, sweeps the runs of the last 14 days for late changes, and
    publishes when every window was committed. The first night begins at FLOWLEDGER_START (30 days ago).
    """
    settings = settings_with_key()
    end = moment(until, "--until") if until else None
    if end and end > now():
        typer.echo("--until lies in the future: of rows yet to come, later nights read the lookback only.", err=True)

    def job(report: Report) -> Result:
        options: dict[str, Any] = {"until": end, "now": now(), "report": report, "accept_source": accept_source}
        if no_prefect:
            from pipeline import ingest

            return ingest.nightly(settings, **options)
        from flows.nightly import run_nightly_flow

        return run_nightly_flow(settings, **options)

    perform("nightly", settings, job)


def backfill(
    start: Annotated[str, typer.Option("--from", metavar="TIME", help=FROM_HELP)],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help=TO_HELP)],
    window: Annotated[str, typer.Option(help="Width of one commit, such as 1d, 12h or 30m.")] = "1d",
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Most requests in flight. Default: FLOWLEDGER_CONCURRENCY (4).")
    ] = None,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Begin with the newest window.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the windows and stop; nothing is asked.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Skip windows that are already loaded.")] = False,
    prefect: Annotated[
        bool | None,
        typer.Option("--prefect/--no-prefect", help="Run as a Prefect flow. Default: where PREFECT_API_URL is set."),
    ] = None,
    accept_source: AcceptSource = False,
) -> None:
    """Load a range of the past, window by window. Safe to repeat, to interrupt, and to run beside the nightly.

    It loads the logs with a timestamp in the range, the runs created in it or owning such a log, and the node runs
    of those runs. It never moves the nightly's watermark, and lets a run that waits go first between windows.
    """
    from dataclasses import replace

    from pipeline import ingest

    first, last, width = moment(start, "--from"), moment(end, "--to"), duration(window, "--window")
    plan = ingest.plan_backfill(first, last, width, newest_first=newest_first)
    if dry_run:
        _print_plan(plan, from_environment(), resume=resume)
        return
    settings = settings_with_key()
    settings = replace(settings, concurrency=concurrency or settings.concurrency)
    options: dict[str, Any] = {"resume": resume, "now": now(), "accept_source": accept_source}

    def job(report: Report) -> Result:
        if os.environ.get("PREFECT_API_URL") if prefect is None else prefect:
            from flows.backfill import run_backfill_flow

            return run_backfill_flow(
                settings, first, last, width=width, newest_first=newest_first, report=report, **options
            )
        return ingest.backfill(settings, plan, report=report, **options)

    perform("backfill", settings, job)


def log(
    log_id: Annotated[str, typer.Argument(metavar="LOG_ID", help="Id of the log line.")],
    run_id: Annotated[str | None, typer.Option("--run-id", help="Id of its run; not needed.")] = None,
) -> None:
    """Load one log line with the run that wrote it."""
    from pipeline import ingest

    check_id("LOG_ID", log_id)
    if run_id is not None:
        check_id("--run-id", run_id)
    settings = settings_with_key()
    perform("log", settings, lambda _: ingest.single_log(settings, log_id, run_id, now=now()))


def replay(
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help=FROM_HELP)] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help=TO_HELP)] = None,
) -> None:
    """Rebuild the tables from the landed pages: no network, no key. The result equals what was there."""
    from pipeline.replay import run_replay

    settings = from_environment()
    first = moment(start, "--from") if start else None
    last = moment(end, "--to") if end else None
    if first and last and last <= first:
        raise UsageError(f"--to {end} must lie after --from {start}; the end is exclusive.")
    perform("replay", settings, lambda report: run_replay(settings, first, last, now=now(), report=report))


def publish(
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="CHECK", help="Publish although this check has findings.")
    ] = None,
    self_contained: Annotated[
        Path | None,
        typer.Option("--self-contained", metavar="FILE", help="Also write one portable database with everything."),
    ] = None,
) -> None:
    """Publish what is committed: Parquet files, the database for BI, the manifest last. No network, no key."""
    from pipeline.release import release

    for line in release(from_environment(), now(), accept=accept, self_contained=self_contained):
        typer.echo(line)


def _print_plan(plan: Sequence[Window], settings: Settings, *, resume: bool) -> None:
    from pipeline.status import is_loaded, look

    known = look(settings) if resume else None
    left = [window for window in plan if known is None or not is_loaded(known, window)]
    for window in left:
        typer.echo(window.key)
    done = f"; {len(plan) - len(left)} are already loaded" if resume else ""
    typer.echo(f"{len(left)} windows to load{done}. Nothing was asked and nothing was written.")
