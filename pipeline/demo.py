"""The demo: the simulated API, the nightly as a Prefect flow against it, and what was loaded, asked in SQL.

No key and no network; it never touches real data: a folder whose warehouse has another source is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.progress import shown, summary
from pipeline.sandbox import Config, serve
from pipeline.settings import Settings, from_environment
from pipeline.sqlshell import query
from pipeline.statements import SQL

HOME = "flowledger-demo"
MARK = "demo.json"


def run_demo(say: Callable[[str], None], *, days: int, seed: int) -> int:
    """Load simulated history and show it; returns the nightly's exit code."""
    home = _home(seed)
    # Prefect keeps its own database; the demo leaves no trace of it elsewhere, and speaks for itself.
    os.environ.setdefault("PREFECT_HOME", str(home / "prefect"))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    from flows.nightly import run_nightly_flow

    now = datetime.now(UTC)
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    with serve(Config(seed=seed, days=days)) as box:
        say(f"A simulated Runflow API with {days} days of history is up at {box.url}.")
        say("The nightly loads it, as a Prefect flow (the first start of Prefect takes a while) ...")
        settings = replace(_settings(home), api_url=box.url, start=first)
        with shown("nightly") as report:
            outcome = run_nightly_flow(settings, until=None, now=now, report=report, accept_source=True)
    say(f"\n{summary(outcome, home)}")
    for path in sorted((SQL / "demo").glob("*.sql")):
        claim, _, sql = path.read_text(encoding="utf-8").partition("\n")
        say(f"\n{claim.removeprefix('-- ')}\n\n{query(home, sql, 'table')}")
    say(_where_to_go_on(home))
    return outcome.exit_code


def _settings(home: Path) -> Settings:
    """Simulated data needs no real key, no real organisation and no budget of requests."""
    return Settings(api_key="rf_live_sandbox", home=home, rate=200.0)


def _home(seed: int) -> Path:
    """The demo's folder, made if need be; UsageError when it holds something else than this demo."""
    given = from_environment().home if os.environ.get("FLOWLEDGER_HOME") else Path(HOME).absolute()
    mark = given / MARK
    if mark.exists():
        before = json.loads(mark.read_text(encoding="utf-8")).get("seed")
        if before != seed:
            raise UsageError(
                f"{given} holds the demo of seed {before}. Remove the folder, or run: demo --seed {before}"
            )
        return given
    if (given / "warehouse.duckdb").exists():
        raise UsageError(f"{given} holds real data; the demo does not touch it. Set another FLOWLEDGER_HOME.")
    given.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"seed": seed}), encoding="utf-8")
    return given


def _where_to_go_on(home: Path) -> str:
    shown_home = os.path.relpath(home)
    return "\n".join(
        (
            "\nWhere to look",
            f"  For BI tools:   {shown_home}/published/flowledger.duckdb",
            f"  Parquet files:  {shown_home}/published/parquet/",
            f"  What is there:  FLOWLEDGER_HOME={shown_home} flowledger status",
            f'  Ask something:  FLOWLEDGER_HOME={shown_home} flowledger sql "FROM marts.flow_totals"',
            "With a real key: set RUNFLOW_API_KEY, then flowledger doctor, then flowledger nightly.",
        )
    )
