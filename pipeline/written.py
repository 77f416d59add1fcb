"""What the checks of a commit read: what it has staged, changed and written of each table, as temporary tables.

`clear` makes them, empty, as a commit begins. `stage` and `merge` fill those that a batch has rows of, and
`gather_written` reads back what is stored of the rows that were changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import duckdb

from pipeline import reach
from pipeline.errors import LoadError
from pipeline.merge import begin
from pipeline.schema import duckdb_type
from pipeline.stage import stage_empty
from pipeline.statements import SQL, sql_text
from pipeline.tables import JSON, TABLES, TEXT, Column, Table

Connection = duckdb.DuckDBPyConnection

# Steps of the merge on the way there.
PASSING = ("unsettled", "observed", "resolved", "final")


def clear(con: Connection, staged_next: Collection[str] = ()) -> None:
    """Leave every table that a check of a commit may read there and empty, and no step on the way.

    staged_next: tables that are staged and merged next, which replaces what is there.
    """
    sizes = dict(
        con.execute("SELECT t.table_name, t.estimated_size FROM duckdb_tables() AS t WHERE t.temporary").fetchall()
    )
    for name, table in TABLES.items():
        if sizes.get(f"written_{name}") != 0:
            _begin_written(con, table)
        if name in staged_next:
            continue
        if sizes.get(f"stage_{name}") != 0:
            stage_empty(con, table)
        if sizes.get(f"changed_{name}") != 0 or sizes.get(f"known_{name}") != 0:
            begin(con, table)
        for step in PASSING:
            if sizes.get(f"{step}_{name}"):
                con.execute(f"DROP TABLE {step}_{name}")


def gather_written(con: Connection, load_id: str, changed: Collection[str]) -> None:
    """Fill `written_<table>` of the tables in which the commit changed rows: their ids, codes, times and numbers."""
    for name in changed:
        table = TABLES[name]
        columns = written_columns(table)
        try:
            _begin_written(con, table)
            reaches = reach.of_written(con, table)
            if reaches:
                rows = reach.rows_within(table, reaches)
                con.execute(sql_text("each_table/written.sql").format(table=name, columns=columns, rows=rows))
        except duckdb.Error as error:
            told = str(error).partition("\n")[0].rstrip(".")
            raise LoadError(f"What load {load_id} wrote into {name} cannot be read back: {told}.") from error


def written_columns(table: Table) -> str:
    """What a check of a commit sees of a row: columns that a check names, but no free text and no JSON."""
    return ", ".join(f't."{column.name}"' for column in _written(table.name))


@cache
def _written(name: str) -> tuple[Column, ...]:
    words = {word for path in (SQL / "checks").glob("*/*.sql") for word in re.findall(r"\w+", path.read_text("utf-8"))}
    return tuple(
        column
        for column in TABLES[name].stored
        if column.name in words and (column.type not in (JSON, TEXT) or column.name.endswith("_code"))
    )


def _begin_written(con: Connection, table: Table) -> None:
    columns = ", ".join(f'"{column.name}" {duckdb_type(column.type)}' for column in _written(table.name))
    con.execute(f"CREATE OR REPLACE TEMP TABLE written_{table.name} ({columns})")
