"""Reads the SQL files: name of a file in `sql/` in, its text out, from the checkout and from the installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SQL = Path(__file__).resolve().parent.parent / "sql"


@cache
def sql_text(name: str) -> str:
    """The text of a file in `sql/`, such as `schema.sql` or `each_table/merge.sql`."""
    return (SQL / name).read_text(encoding="utf-8")
