"""What marts are made of, day by day: tables of the schema `daily`, of which a publish renews the days that changed.

In: a connection to what readers see. `sql/daily/<table>/*.sql` are its queries, one table each: grouped by a column
`day`, the UTC day that also divides the Parquet files of `<table>`, and made of that one table alone. So the rows of a
day are a function of its file. They know no name, no price and no ledger: marts join those when they are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from duckdb import DuckDBPyConnection as Connection

from pipeline.parquet import UNKNOWN
from pipeline.statements import SQL

DAILY = SQL / "daily"


def queries() -> list[Path]:
    """The files; the folder of each names the table that it reads."""
    return sorted(DAILY.glob("*/*.sql"))


def create(db: Connection, kind: str = "TABLE") -> None:
    """Create the schema and all of it, from all days. kind: TABLE, or VIEW."""
    db.execute("CREATE SCHEMA daily")
    for path in queries():
        text = path.read_text(encoding="utf-8")
        db.execute(f'CREATE {kind} daily."{path.stem}" AS\n{text}')
        claim = text.partition("\n")[0].removeprefix("--").strip().replace("'", "''")
        db.execute(f"COMMENT ON {kind} daily.\"{path.stem}\" IS '{claim}'")


def renew(db: Connection, table: str, partitions: Iterable[str], rows: str) -> None:
    """Make these days anew. rows: a query for what the table now holds of them, of the type that readers see."""
    there = [path for path in queries() if path.parent.name == table]
    if not there:
        return
    days = list(partitions)
    # A temporary name comes before that of the table, so the query reads these days and no other.
    db.execute(f'CREATE TEMP VIEW "{table}" AS {rows}')
    for path in there:
        db.execute(
            f'DELETE FROM daily."{path.stem}" '
            "WHERE day IN (SELECT unnest($days::DATE[]) AS day) OR (day IS NULL AND $unknown)",
            {"days": [day for day in days if day != UNKNOWN], "unknown": UNKNOWN in days},
        )
        db.execute(f'INSERT INTO daily."{path.stem}"\n{path.read_text(encoding="utf-8")}')
    db.execute(f'DROP VIEW temp."{table}"')
