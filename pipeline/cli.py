"""The command line: `flowledger`. Commands live in the cli_* files and import what they need when they run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from pipeline import cli_forget, cli_load, cli_look, cli_prove, cli_rejects, cli_start
from pipeline.cli_errors import LastWords

LOAD, LOOK, QUALITY, START = "Load", "Look", "Prove and repair", "Start here, and every night"

HELP = (
    "Copies Runflow run logs into DuckDB and Parquet every night, exactly and provably whole.\n\n"
    "Try it without a key: flowledger demo. Then set RUNFLOW_API_KEY, run flowledger doctor, then flowledger nightly. "
    "Data lives in FLOWLEDGER_HOME (./flowledger-data); open its published/flowledger.duckdb with any BI tool.\n\n"
    "Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 done and published, with new findings; "
    "4 another run is writing; 130 or 143 interrupted."
)

app = typer.Typer(
    name="flowledger",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"flowledger {version('flowledger')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that stand before the command; the help text is the app's."""


app.command("demo", rich_help_panel=START)(cli_start.demo)
app.command("doctor", rich_help_panel=START)(cli_start.doctor)
app.command("nightly", rich_help_panel=START)(cli_load.nightly)
app.command("serve", rich_help_panel=START)(cli_start.serve)
app.command("backfill", rich_help_panel=LOAD)(cli_load.backfill)
app.command("log", rich_help_panel=LOAD)(cli_load.log)
app.command("replay", rich_help_panel=LOAD)(cli_load.replay)
app.command("publish", rich_help_panel=LOAD)(cli_load.publish)
app.command("status", rich_help_panel=LOOK)(cli_look.status)
app.command("sql", rich_help_panel=LOOK)(cli_look.sql)
app.command("report", rich_help_panel=LOOK)(cli_look.report)
app.command("check", rich_help_panel=QUALITY)(cli_look.check)
app.command("reconcile", rich_help_panel=QUALITY)(cli_prove.reconcile)
app.command("forget", rich_help_panel=QUALITY)(cli_forget.forget)
app.add_typer(cli_rejects.app, name="rejects", rich_help_panel=QUALITY)
app.command(
    "sandbox",
    rich_help_panel=START,
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(cli_start.sandbox)


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are told on stderr in a few lines."""
    with LastWords() as last:
        app(args=list(arguments), prog_name="flowledger")
    return last.code
