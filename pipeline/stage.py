"""Puts a batch's Arrow table into the connection: `stage_<table>`, one row per observation, with its digest.

The digest covers the API's columns and `extra`; equal digests mean that there is nothing to write.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from pipeline.statements import sql_text
from pipeline.tables import TIME, Column, Table
from pipeline.warehouse import given

SEPARATOR, MISSING = "chr(31)", "chr(30)"


def stage(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Create the temporary table `stage_<name>` from rows in the table's `stage_schema`."""
    with given(con, "given_rows", rows):
        con.execute(sql_text("each_table/stage.sql").format(table=table.name, digest=digest(table, "g")))


def digest(table: Table, alias: str) -> str:
    """The expression that digests a stored row: the same text for the same content, whatever wrote it."""
    return digest_of([column for column in table.stored if not column.name.startswith("_")], alias)


def digest_of(columns: Iterable[Column], alias: str) -> str:
    """The expression that digests these columns of a row."""
    parts = ", ".join(f"coalesce({_text(column, alias)}, {MISSING})" for column in columns)
    return f"md5(concat_ws({SEPARATOR}, {parts}))"


def _text(column: Column, alias: str) -> str:
    name = f'{alias}."{column.name}"'
    # A time as text depends on the session's zone; a number does not.
    return f"epoch_us({name})::VARCHAR" if column.type == TIME else f"{name}::VARCHAR"
