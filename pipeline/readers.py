"""Builds the database that readers open: views over Parquet files, what marts are made of, marts as views, the ledger.

In: files and ledger rows, plain. Out: one DuckDB file that DuckDB 1.4 opens, without a `.wal` beside it. It is built by
a connection of its own, so that a mart can only see what readers see. `build` makes all of it; `renewal` what changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline import daily
from pipeline.errors import StorageError
from pipeline.ledger_tables import LEDGER
from pipeline.nested import VIEWS
from pipeline.parquet import EXPORTED, Exported, ParquetFile, reader_type
from pipeline.statements import SQL
from pipeline.tables import Column
from pipeline.unnest import view_sql
from pipeline.warehouse import given, threads_for, transaction

STORAGE_VERSION = "v1.4.0"
MARTS = SQL / "marts"
SHOWN_LEDGER = (
    "loads", "windows", "watermarks", "rejects", "drift", "codes", "findings", "reconciliation", "touched_days",
    "open_runs",
)  # fmt: skip
# What was set aside is shown by `flowledger rejects show`, not to everybody who reads charts.
# The version that a load published is only known when readers see it.
HIDDEN = {("rejects", "raw"), ("loads", "published")}
ROOT_VARIABLE = "published"


def build(
    target: Path,
    files: Mapping[str, Collection[ParquetFile]],
    root: Path,
    ledger: Mapping[str, pa.Table],
    *,
    reader_root: str | None = None,
    self_contained: bool = False,
) -> None:
    """Write the database to `target`, which must not exist.

    root: the published folder here; reader_root: the same folder as readers see it. Where they differ, the views read
    below reader_root unless `SET VARIABLE published = '...'` names another place.
    self_contained: the core tables hold their rows, and no file is needed.
    """
    rows = sum(file.rows for each in files.values() for file in each)
    with opened(target, root, rows) as db:
        # Nothing to optimise in a view and in hundreds of comments, and half of what they cost.
        db.execute("PRAGMA disable_optimizer")
        with transaction(db):
            for exported in EXPORTED.values():
                paths = [path_for(file, root, reader_root) for file in files.get(exported.name, ())]
                create_core(db, exported, paths, "TABLE" if self_contained else "VIEW")
            _create_nested(db)
            _create_ledger(db, ledger)
        db.execute("PRAGMA enable_optimizer")
        daily.create(db)
        _create_marts(db)


@contextmanager
def opened(target: Path, root: Path, rows: int) -> Iterator[Connection]:
    """A connection to what readers see, which is written whole to `target` in the end. rows: how many it will read."""
    db = duckdb.connect(":memory:", config={"threads": threads_for(rows), "autoinstall_known_extensions": False})
    try:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"ATTACH {_text(str(target))} AS readers (STORAGE_VERSION '{STORAGE_VERSION}')")
        db.execute("USE readers")
        db.execute(f"SET VARIABLE {ROOT_VARIABLE} = {_text(str(root))}")
        yield db
        db.execute("USE memory")
        db.execute("CHECKPOINT readers")
        db.execute("DETACH readers")
    finally:
        db.close()
    if target.with_name(f"{target.name}.wal").exists():
        raise StorageError(f"{target} was not written whole: its .wal file is still there. Publish again.")


def ledger_rows(con: Connection, names: Iterable[str] = SHOWN_LEDGER) -> dict[str, pa.Table]:
    """What readers see of the ledger, from a connection of `warehouse.connect`."""
    return {
        name: con.sql(f"SELECT {_columns(ledger_columns(name))} FROM warehouse.ledger.{name}").to_arrow_table()
        for name in names
    }


def ledger_columns(name: str) -> tuple[Column, ...]:
    """The columns of a ledger table that readers see."""
    return tuple(column for column in LEDGER[name].columns if (name, column.name) not in HIDDEN)


def made_from() -> str:
    """Everything but the rows that decides what the database looks like; a change of it makes a new one."""
    texts = [f"{path.stem}\n{path.read_text(encoding='utf-8')}" for path in (*daily.queries(), *_marts())]
    views = [view_sql(view) for view in VIEWS.values()]
    shown = [repr(each) for each in (*EXPORTED.values(), *map(ledger_columns, SHOWN_LEDGER))]
    return "\n".join((STORAGE_VERSION, *texts, *views, *shown))


def create_core(db: Connection, exported: Exported, paths: list[str], kind: str) -> None:
    """Create, or replace, one stored table as readers see it. paths: of its files, as SQL; kind: VIEW or TABLE."""
    db.execute(f'CREATE OR REPLACE {kind} main."{exported.name}" AS {core_query(exported, paths)}')
    _comment(db, kind, f'main."{exported.name}"', exported.grain, exported.columns)


def core_query(exported: Exported, paths: list[str]) -> str:
    """The rows of these files; of none, no row, with the same types."""
    columns = exported.columns
    if paths:
        # Files of one version have the same columns, so the first tells all, and a query opens only those it reads.
        return f"SELECT {_columns(columns)} FROM read_parquet([{', '.join(paths)}], hive_partitioning=false)"
    nulls = ", ".join(f'CAST(NULL AS {reader_type(column)}) AS "{column.name}"' for column in columns)
    return f"SELECT {nulls} LIMIT 0"


def _create_nested(db: Connection) -> None:
    for view in VIEWS.values():
        db.execute(f'CREATE VIEW main."{view.name}" AS {view_sql(view)}')
        _comment(db, "VIEW", f'main."{view.name}"', view.grain, view.columns)


def _create_ledger(db: Connection, ledger: Mapping[str, pa.Table]) -> None:
    db.execute("CREATE SCHEMA ledger")
    for name, rows in ledger.items():
        columns = ledger_columns(name)
        with given(db, "given_rows", rows):
            db.execute(f'CREATE TABLE ledger."{name}" AS SELECT {_columns(columns)} FROM given_rows')
        _comment(db, "TABLE", f'ledger."{name}"', LEDGER[name].grain, columns)


def _create_marts(db: Connection) -> None:
    db.execute("CREATE SCHEMA marts")
    for path in _marts():
        text = path.read_text(encoding="utf-8").strip()
        try:
            db.execute(f'CREATE VIEW marts."{path.stem}" AS\n{text}')
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0]
            raise StorageError(
                f"The mart {path.stem} cannot be built: {reason}. Readers keep what they have."
            ) from error
        claim = text.partition("\n")[0].removeprefix("--").strip()
        _comment(db, "VIEW", f'marts."{path.stem}"', claim, ())


def _marts() -> list[Path]:
    return sorted(MARTS.glob("*.sql"))


def _comment(db: Connection, kind: str, name: str, told: str, columns: Iterable[Column]) -> None:
    comments = [f"COMMENT ON {kind} {name} IS {_text(told)}"]
    comments += [f'COMMENT ON COLUMN {name}."{column.name}" IS {_text(column.doc)}' for column in columns]
    db.execute("; ".join(comments))


def _columns(columns: Iterable[Column]) -> str:
    return ", ".join(f'CAST("{column.name}" AS {reader_type(column)}) AS "{column.name}"' for column in columns)


def path_for(file: ParquetFile, root: Path, reader_root: str | None) -> str:
    """The file as an SQL expression."""
    if reader_root is None:
        return _text(f"{root}/{file.path}")
    # A view is checked as it is made, and the readers' folder need not exist here: the variable stands in for it.
    return f"coalesce(getvariable('{ROOT_VARIABLE}'), {_text(reader_root.rstrip('/'))}) || {_text(f'/{file.path}')}"


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
