"""Writes a partition of a table as a Parquet file that every engine reads: ids and JSON as text, times in UTC.

In: a connection of `warehouse.connect`. Out: `ParquetFile`, what the manifest says of it. `EXPORTED` names what is
published this way: the stored tables and their histories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection as Connection

from pipeline.durable import sync
from pipeline.schema import duckdb_type, history_columns
from pipeline.tables import JSON, TABLES, UUID, Column

WHOLE = "all"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Exported:
    """One table as it is published.

    stored: the table whose changes make this one due. day: the column whose UTC day divides it, or None.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    stored: str
    day: str | None
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One published file. path: relative to the published folder. partition: a UTC day, unknown, or all."""

    partition: str
    path: str
    rows: int
    bytes: int
    sha256: str


def _exported() -> Iterable[Exported]:
    for table in TABLES.values():
        order = ("id",) if table.day is None else (table.day, "id")
        yield Exported(table.name, table.grain, table.stored, table.name, table.day, order)
        if table.history:
            grain = f"one row per version of a row of {table.name}"
            name = f"{table.name}_history"
            yield Exported(name, grain, history_columns(table), table.name, None, ("id", "valid_from"))


EXPORTED: dict[str, Exported] = {each.name: each for each in _exported()}


def reader_type(column: Column) -> str:
    """DuckDB's name of the type that readers see."""
    return "VARCHAR" if column.type == UUID else duckdb_type(column.type)


def file_type(column: Column) -> str:
    """DuckDB's name of the type in the file: not every engine reads Parquet's UUID and JSON."""
    return "VARCHAR" if column.type in (UUID, JSON) else duckdb_type(column.type)


def export_query(exported: Exported, partition: str) -> str:
    """The rows of one partition, in order."""
    columns = ", ".join(f'CAST("{each.name}" AS {file_type(each)}) AS "{each.name}"' for each in exported.columns)
    order = ", ".join(f'"{name}"' for name in exported.order)
    return (
        f'SELECT {columns} FROM warehouse.main."{exported.name}" WHERE {_within(exported, partition)} ORDER BY {order}'
    )


def _within(exported: Exported, partition: str) -> str:
    if exported.day is None:
        return "true"
    if partition == UNKNOWN:
        return f'"{exported.day}" IS NULL'
    midnight = f"TIMESTAMPTZ '{partition} 00:00:00+00'"
    return f'"{exported.day}" >= {midnight} AND "{exported.day}" < {midnight} + INTERVAL 1 DAY'


def partitions(con: Connection, exported: Exported) -> set[str]:
    """Every partition that the table has rows for."""
    if exported.day is None:
        return {WHOLE}
    rows = con.execute(
        f"SELECT DISTINCT coalesce(CAST(CAST(\"{exported.day}\" AS DATE) AS VARCHAR), '{UNKNOWN}') AS day "
        f'FROM warehouse.main."{exported.name}"'
    ).fetchall()
    return {day for (day,) in rows}


def path_of(exported: Exported, partition: str, version: str) -> str:
    """Where a version of the partition lies, relative to the published folder."""
    folder = exported.name if exported.day is None else f"{exported.name}/day={partition}"
    return f"files/{folder}/{version}.parquet"


def write(con: Connection, exported: Exported, partition: str, path: str, root: Path) -> ParquetFile | None:
    """Write `root/path`, durably; None, and no file, where the partition has no rows."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    quoted = str(target).replace("'", "''")
    copied = con.execute(
        f"COPY ({export_query(exported, partition)}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    rows = int(copied[0][0])
    if rows == 0:
        target.unlink()
        return None
    sync(target)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ParquetFile(partition, path, rows, target.stat().st_size, digest)
