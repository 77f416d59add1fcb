"""The command `sql`: asks the published database, read only. In: a statement. Out: a table, CSV or JSON as text."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection as Connection

from pipeline.errors import UsageError
from pipeline.manifest import DATABASE
from pipeline.progress import table
from pipeline.readers import ROOT_VARIABLE

MOST_ROWS = 1000
WIDEST = 80
FETCHED_AT_ONCE = 10_000
WRITING = re.compile(r"\b(copy|export)\b", re.IGNORECASE)
# MULTI is what DuckDB 2.0 calls a PIVOT.
READING = {"SELECT", "EXPLAIN", "MULTI"}


def query(home: Path, text: str, format: str) -> str:
    """The rows of the last statement of `text`; format: table (1000 rows, 80 characters a cell), csv or json (all).

    UsageError when nothing is published, when the statement is wrong, and when it does more than read.
    """
    published = home.absolute() / "published"
    if not (published / DATABASE).is_file():
        raise UsageError(f"Nothing is published in {home} yet. Run: flowledger nightly")
    try:
        db = _open(published)
        try:
            _refuse_writing(db, text)
            db.execute(text)
            return {"table": _as_table, "csv": _as_csv, "json": _as_json}[format](db)
        finally:
            db.close()
    except duckdb.PermissionException as error:
        raise UsageError(
            f"{_one_line(error)}. Only files under {published} can be read. If the folder was moved or copied here, "
            "run: flowledger publish"
        ) from None
    except duckdb.Error as error:
        raise UsageError(_one_line(error)) from None


def _open(published: Path) -> Connection:
    """The database, and no way to any file outside the folder."""
    db = duckdb.connect(str(published / DATABASE), read_only=True)
    quoted = str(published).replace("'", "''")
    db.execute("SET TimeZone = 'UTC'")
    # Readers may know the folder under another name than this machine does.
    db.execute(f"SET VARIABLE {ROOT_VARIABLE} = '{quoted}'")
    db.execute(f"SET allowed_directories = ['{quoted}/']")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    return db


def _refuse_writing(db: Connection, text: str) -> None:
    statements = db.extract_statements(text)
    if not statements:
        raise UsageError('There is no statement. Such as: flowledger sql "SELECT count(*) FROM runs"')
    kinds = [statement.type.name for statement in statements]
    # EXPLAIN ANALYZE runs what it explains, and COPY writes files from a database that is read only.
    writes = "EXPLAIN" in kinds and WRITING.search(text)
    # PIVOT is a temporary type and a SELECT; whatever else is created meets a database that is read only.
    if writes or kinds[-1] not in READING or not set(kinds) <= {*READING, "CREATE"}:
        raise UsageError("flowledger sql only reads: write a SELECT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.")


def _as_table(db: Connection) -> str:
    names, _ = _columns(db)
    rows = db.fetchmany(MOST_ROWS)
    if not rows:
        return f"{'  '.join(names)}\n(no rows)"
    more = sum(1 for _ in _rows(db))
    told = f"\n... and {more:,} more rows; --format csv or json prints all of them" if more else ""
    if names == ["explain_key", "explain_value"]:
        return "\n".join(str(plan) for _, plan in rows)
    cells = [[value if _is_number(value) else _text(value) for value in row] for row in rows]
    if any(isinstance(cell, str) and len(cell) > WIDEST for row in cells for cell in row):
        cells = [[_cut(cell) if isinstance(cell, str) else cell for cell in row] for row in cells]
        told += "\nLong values end in \u2026 here; --format csv or json prints them whole"
    return table([dict(zip(names, row, strict=True)) for row in cells]) + told


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}\u2026"


def _as_csv(db: Connection) -> str:
    names, _ = _columns(db)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_text(value) for value in row] for row in _rows(db))
    # Whoever prints it ends the last line.
    return out.getvalue().removesuffix("\n")


def _as_json(db: Connection) -> str:
    names, kinds = _columns(db)
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    objects = [
        ", ".join(f"{key}: {_json(value, kind)}" for key, value, kind in zip(keys, row, kinds, strict=True))
        for row in _rows(db)
    ]
    return "[\n" + ",\n".join(f"  {{{each}}}" for each in objects) + "\n]" if objects else "[]"


def _columns(db: Connection) -> tuple[list[str], list[str]]:
    """Names, made unique, and DuckDB's types."""
    names: list[str] = []
    for name, *_ in db.description or ():
        again = sum(1 for each in names if each == name)
        names.append(f"{name}_{again + 1}" if again else name)
    return names, [str(column[1]) for column in db.description or ()]


def _rows(db: Connection) -> Iterator[tuple[Any, ...]]:
    while rows := db.fetchmany(FETCHED_AT_ONCE):
        yield from rows


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> str:
    """A value as a person or a spreadsheet reads it; NULL is empty."""
    if value is None:
        return ""
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _json(value: object, kind: str) -> str:
    # JSON is passed on as it is stored: reading it would round its numbers.
    if kind == "JSON" and isinstance(value, str):
        return value
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """The value in JSON's own types: decimals and times are text, exact; what is no number is NULL."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else _spelled(value)


def _spelled(value: Any) -> str:
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _decimal(value: Decimal) -> str:
    """Every digit, without the zeros that end a fraction."""
    text = format(value, "f")
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _one_line(error: duckdb.Error) -> str:
    """DuckDB's message without its excerpt of the statement."""
    told = []
    for line in str(error).strip().splitlines():
        if not line.strip() or line.startswith("LINE "):
            break
        told.append(line.strip())
    return " ".join(told)
