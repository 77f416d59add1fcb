"""Puts a batch's Arrow table into the connection: `stage_<table>`, one row per observation, with its digest.

The digest covers the API's columns and `extra`; equal digests mean that there is nothing to write.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipeline.digest import digest_of_row
from pipeline.schema import duckdb_type
from pipeline.statements import sql_text
from pipeline.tables import Table
from pipeline.warehouse import given


def stage(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Create the temporary table `stage_<name>` from rows in the table's `stage_schema`."""
    if not rows.num_rows:
        stage_empty(con, table)
        return
    with given(con, "given_rows", rows):
        con.execute(sql_text("each_table/stage.sql").format(table=table.name, digest=digest_of_row(table, "g")))


def stage_empty(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The same table without rows: most batches have rows of a few tables only, and this costs a tenth."""
    columns = ", ".join(f'"{field.name}" {duckdb_type(field.type)}' for field in table.stage_schema)
    con.execute(f"CREATE OR REPLACE TEMP TABLE stage_{table.name} ({columns}, _row_hash VARCHAR)")
