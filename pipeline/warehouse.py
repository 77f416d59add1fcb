"""Opens the writer's private file: its path and its source in, a connection with the catalog `warehouse` out.

Every declared table is there and every time is in UTC. `transaction` makes what happens on it all or nothing.
DuckDB holds a lock on the file; nobody in this process may open it by other means, for that would drop the lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import StorageError, UsageError, WrongSource
from pipeline.statements import sql_text

SCHEMA_VERSION = 1
STORAGE_VERSION = "v1.5.0"
MOST_THREADS = 4


def connect(
    path: Path, source: tuple[str, str | None] | None, *, accept_source: bool = False
) -> duckdb.DuckDBPyConnection:
    """Attach the warehouse, creating it if need be.

    source: URL and organisation; WrongSource when the file has another, unless that has moved and is accepted.
    None where nothing is read from a source: whatever the file remembers is right.
    """
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    con = duckdb.connect(":memory:", config={"threads": threads, "autoinstall_known_extensions": False})
    try:
        con.execute("SET TimeZone = 'UTC'")
        _attach(con, path)
        _prepare(con, path, source, accept_source=accept_source)
    except BaseException:
        con.close()
        raise
    return con


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
            con.execute(sql_text("schema.sql"))
            facts = {**known, "schema_version": str(SCHEMA_VERSION)}
            if source:
                facts.update(zip(("source_url", "organization"), source, strict=True))
            if facts != known:
                con.execute("DELETE FROM warehouse.ledger.meta")
                con.executemany("INSERT INTO warehouse.ledger.meta VALUES (?, ?)", list(facts.items()))
    except duckdb.Error as error:
        raise StorageError(f"{path} cannot be prepared: {_first_line(error)}.") from error


def _meta(con: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """What the file knows about itself; empty when it is new."""
    there = con.execute(
        "SELECT count(*) AS tables FROM duckdb_tables() "
        "WHERE database_name = 'warehouse' AND schema_name = 'ledger' AND table_name = 'meta'"
    ).fetchall()
    return dict(con.execute("SELECT name, value FROM warehouse.ledger.meta").fetchall()) if there[0][0] else {}


def _check_version(known: dict[str, str | None], path: Path) -> None:
    """A newer file is refused. An older one would be migrated here; version 1 is the first."""
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
