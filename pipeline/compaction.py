"""Writes the warehouse anew: what was deleted is in no block of the new file. In: its path, and the lease.

DuckDB marks blocks as free and leaves what they hold. The copy takes as much free disk as the warehouse, and is swapped
in at the end; stopped before, it leaves the warehouse as it was.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb

from pipeline import warehouse
from pipeline.durable import sync
from pipeline.errors import StorageError


def write_anew(path: Path) -> None:
    """Copy every table into a new file and put that in the place of the old one. Nobody may have the old one open."""
    fresh = path.with_name("warehouse.anew.duckdb")
    # What a killed replay has left holds the same rows as the warehouse.
    for name in (fresh.name, "warehouse.replay.duckdb"):
        for left in (path.with_name(name), path.with_name(f"{name}.wal")):
            left.unlink(missing_ok=True)
    quoted = str(path).replace("'", "''")
    try:
        with closing(warehouse.connect(fresh, None)) as con:
            warehouse.spread(con)
            con.execute(f"ATTACH '{quoted}' AS before (READ_ONLY)")
            names = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'before' ORDER BY ALL"
            ).fetchall()
            for schema, name in names:
                con.execute(f'CREATE OR REPLACE TABLE warehouse."{schema}"."{name}" AS FROM before."{schema}"."{name}"')
            con.execute("DETACH before")
            con.execute("CHECKPOINT warehouse")
    except duckdb.Error as error:
        fresh.unlink(missing_ok=True)
        told = str(error).partition("\n")[0].rstrip(".")
        raise StorageError(f"{path} cannot be written anew: {told}. It is as it was; run the command again.") from error
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)
