"""Our command: run in a fresh process and a fresh home, its result compared with the world it was loaded from."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb

from bench.dataset import KEY, START, UNTIL, Expected
from bench.measure import Cost, measured

PROGRAM = Path(sys.executable).with_name("flowledger")
NIGHT = ("nightly", "--no-prefect", "--until", f"{UNTIL:%Y-%m-%d}")
BACKFILL = ("backfill", "--no-prefect", "--from", f"{START:%Y-%m-%d}", "--to", f"{UNTIL:%Y-%m-%d}")
TABLES = ("logs", "runs", "node_runs", "flows", "models", "pricing")


class WrongResult(Exception):
    """A run whose result is not what was asked for: it is no measurement."""


def load(url: str, home: Path, command: Sequence[str] = NIGHT, **settings: str) -> Cost:
    """Run one command against a server; WrongResult unless it exits with 0."""
    given = {
        "RUNFLOW_API_URL": url,
        "RUNFLOW_API_KEY": KEY,
        "FLOWLEDGER_HOME": str(home),
        "FLOWLEDGER_START": f"{START:%Y-%m-%d}",
        "FLOWLEDGER_RATE": "5000",
    }
    cost = measured([PROGRAM, *command], given | settings)
    if cost.code != 0:
        raise WrongResult(f"flowledger {' '.join(command)} exited with {cost.code}:\n{cost.out}{cost.err}")
    return cost


def verify(home: Path, expected: Expected) -> None:
    """WrongResult unless readers find all rows of the six tables, the exact spend, and nothing that needs a person."""
    with duckdb.connect(str(home / "published" / "flowledger.duckdb"), read_only=True) as con:
        rows = {table: _one(con, f"SELECT count(DISTINCT id) FROM {table}") for table in TABLES}
        spend = _one(con, "SELECT coalesce(sum(cost), 0) FROM runs")
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        stored = {table: _one(con, f"SELECT count(*) FROM {table}") for table in TABLES}
        rejects = _one(con, "SELECT count(*) FROM ledger.rejects")
    if rows != expected.rows or stored != expected.rows or Decimal(spend) != expected.spend or rejects:
        raise WrongResult(f"{rows}, {stored}, {spend} USD, {rejects} rejects; it should be {expected}")
    told = json.loads(measured([PROGRAM, "status", "--json"], {"FLOWLEDGER_HOME": str(home)}).out)
    found = [load["findings"] for load in told["loaded"]["loads"]]
    if any(found) or told["loaded"]["rejects"] or told["loaded"]["open_runs"]:
        raise WrongResult(f"there are findings, rejects or open runs: {told['loaded']}")


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    held: int = row[0] if row else 0
    return held


def written(cost: Cost) -> int:
    """How many rows the command says that it inserted, updated or removed."""
    row = rf"^(?:{'|'.join(TABLES)})\s+([\d,]+)\s+([\d,]+)\s+[\d,]+\s+([\d,]+)$"
    lines = re.findall(row, cost.out, re.MULTILINE)
    if not lines:
        raise WrongResult(f"the summary has no table of rows:\n{cost.out}")
    return sum(int(count.replace(",", "")) for line in lines for count in line)


def imports(command: Sequence[str], settings: dict[str, str]) -> list[str]:
    """The modules that a command imports, in order, found by running it once."""
    cost = measured([sys.executable, "-X", "importtime", PROGRAM, *command], settings)
    names = re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s*(\S+)$", cost.err, re.MULTILINE)
    return [name for name in dict.fromkeys(names) if not name.startswith(("_frozen", "zipimport", "site", "encodings"))]


def import_cost(names: Sequence[str]) -> Cost:
    """What it costs to start Python and to import these."""
    return measured([sys.executable, "-c", IMPORT, *names])


IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        pass
"""
