"""The product at work against the sandbox, and what it then holds, for the tests of its promises."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from pipeline import ingest, tables, warehouse
from pipeline.sandbox import Config, Sandbox, Truth
from pipeline.sandbox.spelling import Speller
from pipeline.settings import Settings
from pipeline.tables import TABLES
from pipeline.values import Outcome

# Rows are received by the real clock, so the simulated one must stay behind it, whatever a test adds to it.
NOW = datetime(2025, 11, 20, 12, tzinfo=UTC)
START = datetime(2025, 11, 18, tzinfo=UTC)
SMALL = Config(seed=5, start=START, now=NOW, runs_per_day=14, logs_per_run=5)
PERSONAL = "created_by_user"

Rows = dict[str, dict[str, dict[str, Any]]]


def settings_for(box: Sandbox, home: Path, **given: Any) -> Settings:
    """Settings that load all of SMALL, without a budget that would make a test wait."""
    made = Settings(
        api_key="rf_live_sandbox", api_url=box.url, home=home, start=START, rate=5000.0, patience=timedelta(seconds=30)
    )
    return replace(made, **given)


def nightly(settings: Settings, now: datetime = NOW, until: datetime | None = None) -> Outcome:
    """One night that leaves nothing of the world out: it ends just after the clock."""
    end = until or now + timedelta(seconds=1)
    return asyncio.run(ingest.nightly(settings, until=end, now=now, report=lambda _: None))


def backfill(settings: Settings, start: datetime, end: datetime, width: timedelta, **given: Any) -> Outcome:
    """A backfill of [start, end)."""
    plan = ingest.plan_backfill(start, end, width, newest_first=given.pop("newest_first", False))
    options = {"resume": False, "now": NOW, "report": lambda _: None} | given
    return asyncio.run(ingest.backfill(settings, plan, **options))


def dump(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every stored table and history without lineage, in order of the key: equal content gives equal dumps."""
    names = [*TABLES, *(f"{name}_history" for name, table in TABLES.items() if table.history)]
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return {name: con.execute(_without_lineage(con, name)).fetchall() for name in names}


def _without_lineage(con: Any, name: str) -> str:
    lineage = {*tables.LINEAGE, "_gone_at", "_removed_at"} - {"_absent", "_terminal"}
    columns = [row[0] for row in con.execute(f"DESCRIBE warehouse.main.{name}").fetchall() if row[0] not in lineage]
    return f"SELECT {', '.join(columns)} FROM warehouse.main.{name} ORDER BY ALL"


def held(home: Path) -> Rows:
    """What the warehouse holds, per table and id; only the columns of the API."""
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return {name: _rows(con, name) for name in TABLES}


def _rows(con: Any, name: str) -> dict[str, dict[str, Any]]:
    columns = [c for c in TABLES[name].columns if c.name != PERSONAL]
    found = con.execute(f"SELECT {', '.join(c.name for c in columns)} FROM warehouse.main.{name}").fetchall()
    rows = [{c.name: _plain(c.type, value) for c, value in zip(columns, row, strict=True)} for row in found]
    return {row["id"]: row for row in rows}


def _plain(type: Any, value: Any) -> Any:
    if value is None:
        return None
    if type == tables.JSON:
        return msgspec.json.decode(value)
    return str(value) if type == tables.UUID else value


def wanted(truth: Truth, config: Config = SMALL) -> Rows:
    """What a perfect client holds, in the form of `held`."""
    speller = Speller(config)
    result: Rows = {}
    for name, table in TABLES.items():
        columns = [c for c in table.columns if c.name != PERSONAL]
        rows = getattr(truth, name)
        result[name] = {
            key: {c.name: _spelled(speller, c.type, row.get(c.name)) for c in columns} for key, row in rows.items()
        }
    return result


def _spelled(speller: Speller, type: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return datetime.fromisoformat(speller.time(value)).astimezone(UTC)
    if type != tables.JSON or value is None:
        return value
    return msgspec.json.decode(msgspec.json.encode(speller.spell(value)))


def differences(here: Rows, there: Rows) -> list[str]:
    """Where two contents differ, in words; empty when they are equal."""
    found = []
    for name in TABLES:
        mine, theirs = here[name], there[name]
        found += [f"{name} {key} is missing" for key in sorted(theirs.keys() - mine.keys())]
        found += [f"{name} {key} should not be there" for key in sorted(mine.keys() - theirs.keys())]
        for key in sorted(mine.keys() & theirs.keys()):
            found += [
                f"{name} {key} {column}: {mine[key][column]!r}, not {value!r}"
                for column, value in theirs[key].items()
                if mine[key][column] != value
            ]
    return found
