"""Checks what a commit is about to write: SQL files in `sql/checks/`, one claim each; findings out.

In: the connection inside the commit's transaction, with `stage_<table>` and `changed_<table>` of this batch. A file
selects the rows that must not exist; its folder is its severity, its name the name of the check, its first line the
claim. Checks see the rows that this commit wrote as `written_<table>`, a temporary table of ids, codes, times and
numbers, so that their cost follows the batch and not the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.errors import LoadError
from pipeline.statements import SQL, sql_text
from pipeline.tables import JSON, TABLES, TEXT, Table
from pipeline.values import Finding, short

SAMPLES = 3
WHAT_TO_DO = "What to do: "


def run_checks(con: duckdb.DuckDBPyConnection, severity: str, load_id: str) -> list[Finding]:
    """Run every check of a severity in the order of their names; one finding for each that selects a row.

    severity: fail or warn. They read what `gather_written` left. LoadError when a check cannot run: one that was
    skipped would look like one that passed.
    """
    files = sorted((SQL / "checks" / severity).glob("*.sql"))
    if not files:
        raise LoadError(f"There are no checks in sql/checks/{severity}. Install Flowledger again.")
    found = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        rows = _asked(con, path.relative_to(SQL.parent).as_posix(), text, load_id)
        if rows.num_rows:
            found.append(Finding(path.stem, severity, _detail(text, rows), rows.num_rows))
    return found


def gather_written(con: duckdb.DuckDBPyConnection, load_id: str) -> None:
    """Create `written_<table>` for every table, from what the merge changed."""
    for table in TABLES.values():
        _gather_written(con, table, load_id)


def _gather_written(con: duckdb.DuckDBPyConnection, table: Table, load_id: str) -> None:
    """Create `written_<table>`. A batch that names a row without its range key bounds nothing by that key."""
    given = f"SELECT count(*) AS unbounded FROM stage_{table.name} WHERE {table.range_key} IS NULL"
    unbounded = _asked(con, f"of stage_{table.name}", given, load_id)["unbounded"][0].as_py()
    name = f"each_table/written_by_{'id' if unbounded else table.range_key}.sql"
    small = (c.name for c in table.stored if c.type not in (JSON, TEXT) or c.name.endswith("_code"))
    columns = ", ".join(f't."{column}"' for column in small)
    with _named(f"sql/{name}", load_id):
        con.execute(sql_text(name).format(table=table.name, columns=columns))


def _asked(con: duckdb.DuckDBPyConnection, name: str, query: str, load_id: str) -> pa.Table:
    with _named(name, load_id):
        return con.sql(query).to_arrow_table()


@contextmanager
def _named(name: str, load_id: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
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
    if isinstance(value, Decimal):
        # Not normalize(): it rounds to 28 digits.
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)
