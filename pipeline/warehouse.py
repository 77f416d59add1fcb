"""Opens the writer's private file: its path and its source in, a connection with the catalog `warehouse` out.

Every declared table and column is there. Every time is in UTC. `transaction` makes what happens all or nothing.
DuckDB holds a lock on the file; nobody in this process may open it by other means, for that would drop the lock.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import StorageError, UsageError, WrongSource
from pipeline.schema import declared, duckdb_type
from pipeline.statements import sql_text
from pipeline.tables import TABLES

SCHEMA_VERSION = 1
STORAGE_VERSION = "v1.5.0"
MOST_THREADS = 4
# A statement over fewer rows costs a fifth more CPU time on two threads than on one, and takes as long.
MANY_ROWS = 10_000
# Four times DuckDB's own: a large load checkpoints less often, which costs less and leaves a smaller file.
WAL_BEFORE_CHECKPOINT = "64MB"


def connect(
    path: Path, source: tuple[str, str | None] | None, *, accept_source: bool = False
) -> duckdb.DuckDBPyConnection:
    """Attach the warehouse, creating it if need be.

    source: URL and organisation; WrongSource when the file has another, unless that has moved and is accepted.
    None where nothing is read from a source: whatever the file remembers is right.
    """
    con = duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET checkpoint_threshold = '{WAL_BEFORE_CHECKPOINT}'")
        _attach(con, path)
        _prepare(con, path, source, accept_source=accept_source)
    except BaseException:
        con.close()
        raise
    return con


def threads_for(rows: int) -> int:
    """How many threads work over so many rows is worth."""
    return min(MOST_THREADS, os.cpu_count() or 1) if rows >= MANY_ROWS else 1


def spread(con: duckdb.DuckDBPyConnection) -> None:
    """From here on, use as many threads as the whole warehouse is worth: for those who read or copy all of it.

    Not for a commit: on two threads the writing of 50 thousand rows costs two and a half times the CPU time.
    """
    con.execute(f"SET threads = {threads_for(MANY_ROWS)}")


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what happens inside, or none of it."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        _roll_back(con)
        raise
    try:
        con.execute("COMMIT")
    except duckdb.Error as error:
        _roll_back(con)
        raise StorageError(f"The warehouse could not commit: {_first_line(error)}. Nothing of it was kept.") from error


@contextmanager
def given(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> Iterator[None]:
    """Let statements read these rows under a name; long lists as parameters are twenty times slower."""
    con.register(name, rows)
    try:
        yield
    finally:
        # In a transaction that has failed nothing can be taken back; the name is replaced the next time.
        with suppress(duckdb.Error):
            con.unregister(name)


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    # DuckDB may have rolled back already, or the connection is gone and with it the transaction.
    with suppress(duckdb.Error):
        con.execute("ROLLBACK")


def _attach(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    quoted = str(path).replace("'", "''")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        con.execute(f"ATTACH '{quoted}' AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
    except OSError as error:
        raise StorageError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
    except duckdb.Error as error:
        raise _not_attached(path, error) from error


def _not_attached(path: Path, error: duckdb.Error) -> StorageError:
    told = _first_line(error)
    if "lock" in told or "already attached" in told:
        return StorageError(
            f"{path} is open in another program. Close it there; readers open published/flowledger.duckdb instead."
        )
    if "valid DuckDB" in told or "orrupt" in told or "checksum" in told or "Serialization" in told:
        return StorageError(
            f"{path} is damaged or no DuckDB database ({told}). Move it away together with its .wal file; "
            "`flowledger replay` builds it again from the landed pages."
        )
    return StorageError(f"{path} cannot be opened: {told}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip().rstrip(".")


def _prepare(
    con: duckdb.DuckDBPyConnection, path: Path, source: tuple[str, str | None] | None, *, accept_source: bool
) -> None:
    """Bring the tables to this version and check whose data they hold, all in one transaction."""
    try:
        with transaction(con):
            known = _meta(con)
            _check_version(known, path)
            if source and "source_url" in known and not accept_source:
                _check_source(known, path, source)
            schema = hashlib.sha256(sql_text("schema.sql").encode()).hexdigest()
            if known.get("schema") != schema:
                con.execute(sql_text("schema.sql"))
                _add_columns(con)
            facts = {**known, "schema_version": str(SCHEMA_VERSION), "schema": schema}
            if source:
                facts.update(zip(("source_url", "organization"), source, strict=True))
            if facts != known:
                con.execute("DELETE FROM warehouse.ledger.meta")
                con.executemany("INSERT INTO warehouse.ledger.meta (name, value) VALUES (?, ?)", list(facts.items()))
    except duckdb.Error as error:
        raise StorageError(f"{path} cannot be prepared: {_first_line(error)}.") from error


def _add_columns(con: duckdb.DuckDBPyConnection) -> None:
    """Columns that were declared after the file was made come last, and are NULL in the rows that are there.

    So their place differs from that in a new file: every statement must name the columns that it means. Where a row
    keeps a mask of what it has no information on, the new columns are in it.
    """
    rows = con.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'warehouse'"
    ).fetchall()
    there = set(rows)
    for schema, name, _, columns in declared():
        lacking = [column for column in columns if (schema, name, column.name) not in there]
        for column in lacking:
            added = f'"{column.name}" {duckdb_type(column.type)}'
            con.execute(f"ALTER TABLE warehouse.{schema}.{name} ADD COLUMN {added}")
        masked = TABLES.get(name.removesuffix("_sightings"))
        if masked and any(column.name == "_absent" for column in columns):
            order = [column.name for column in masked.columns]
            bits = sum(1 << order.index(column.name) for column in lacking if column.name in order)
            if bits:
                con.execute(f"UPDATE warehouse.{schema}.{name} SET _absent = _absent | {bits}")


def _meta(con: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """What the file knows about itself; empty when it is new."""
    there = con.execute(
        "SELECT count(*) AS tables FROM duckdb_tables() "
        "WHERE database_name = 'warehouse' AND schema_name = 'ledger' AND table_name = 'meta'"
    ).fetchall()
    return dict(con.execute("SELECT name, value FROM warehouse.ledger.meta").fetchall()) if there[0][0] else {}


def _check_version(known: dict[str, str | None], path: Path) -> None:
    """A newer file is refused. Tables and columns that are new need no version; a change of meaning does."""
    version = int(known.get("schema_version") or SCHEMA_VERSION)
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"{path} was written by a newer Flowledger (schema {version}; this one knows {SCHEMA_VERSION}). "
            "Upgrade Flowledger; nothing was changed."
        )


def _check_source(known: dict[str, str | None], path: Path, source: tuple[str, str | None]) -> None:
    remembered = known.get("source_url"), known.get("organization")
    if remembered != source:
        raise WrongSource(
            f"{path} holds data of {_told(*remembered)}, and this run reads {_told(*source)}. Data of two sources are "
            "never mixed: set another FLOWLEDGER_HOME, or pass --accept-source if the source has merely moved."
        )


def _told(url: str | None, organization: str | None) -> str:
    return f"{url} ({f'organisation {organization}' if organization else 'the organisation of the key'})"
