"""Checks what a commit is about to write: SQL files in `sql/checks/`, one claim each; findings out.

In: the connection inside the commit's transaction, with `stage_<table>` and `changed_<table>` of this batch. A file
selects the rows that must not exist; its folder is its severity, its name the name of the check, its first line the
claim. Checks see the rows that this commit wrote as `written_<table>`, so that their cost follows the batch and not
the warehouse.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.errors import LoadError
from pipeline.statements import SQL, sql_text
from pipeline.tables import TABLES
from pipeline.values import Finding, short

SAMPLES = 3
WHAT_TO_DO = "What to do: "


def run_checks(con: duckdb.DuckDBPyConnection, severity: str, load_id: str) -> list[Finding]:
    """Run every check of a severity in the order of their names; one finding for each that selects a row.

    severity: fail or warn. LoadError when a check cannot run: one that was skipped would look like one that passed.
    """
    files = sorted((SQL / "checks" / severity).glob("*.sql"))
    if not files:
        raise LoadError(f"There are no checks in sql/checks/{severity}. Install Flowledger again.")
    for table in TABLES.values():
        name = f"each_table/written_by_{table.range_key}.sql"
        _run(con, SQL / name, sql_text(name).replace("{table}", table.name), load_id)
    found = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        rows = _run(con, path, text, load_id)
        if rows.num_rows:
            found.append(Finding(path.stem, severity, _detail(text, rows), rows.num_rows))
    return found


def _run(con: duckdb.DuckDBPyConnection, path: Path, text: str, load_id: str) -> pa.Table:
    try:
        return con.execute(text).to_arrow_table()
    except duckdb.Error as error:
        name = path.relative_to(SQL.parent).as_posix()
        told = str(error).partition("\n")[0].rstrip(".")
        raise LoadError(f"The check {name} cannot run in load {load_id}: {told}. Nothing of it was kept.") from error


def _detail(text: str, rows: pa.Table) -> str:
    """The claim, how many rows break it, the first of them, and what to do."""
    claim, advice = _header(text)
    many = f"{rows.num_rows} row{'s' if rows.num_rows > 1 else ''}"
    samples = ", ".join(_sample(row) for row in rows.slice(0, SAMPLES).to_pylist())
    such_as = " such as" if rows.num_rows > SAMPLES else ""
    return f"{claim} Broken by {many}{such_as}: {samples}. {advice}".rstrip()


def _header(text: str) -> tuple[str, str]:
    """The claim and the advice: the first comment line, and the others from `What to do:` on."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    _, found, advice = " ".join(lines[1:]).partition(WHAT_TO_DO)
    return lines[0] if lines else "", found + advice


def _sample(row: dict[str, Any]) -> str:
    """A row's first column, which is its key, and what the others say about it."""
    key, *others = row.items()
    return f"{_told(key[1])} ({', '.join(f'{name} {_told(value)}' for name, value in others)})"


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return short(value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
