"""The expression that digests a row in SQL: equal content gives equal digests, whatever wrote it and whenever."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.tables import TIME, Column, Table

SEPARATOR, MISSING = "chr(31)", "chr(30)"


def digest_of_row(table: Table, alias: str) -> str:
    """Over the API's columns and `extra` of a stored row."""
    return digest_of([column for column in table.stored if not column.name.startswith("_")], alias)


def digest_of(columns: Iterable[Column], alias: str) -> str:
    """Over these columns of a row."""
    parts = ", ".join(f"coalesce({_text(column, alias)}, {MISSING})" for column in columns)
    return f"md5(concat_ws({SEPARATOR}, {parts}))"


def _text(column: Column, alias: str) -> str:
    name = f'{alias}."{column.name}"'
    # A time as text depends on the session's zone; a number does not.
    return f"epoch_us({name})::VARCHAR" if column.type == TIME else f"{name}::VARCHAR"
