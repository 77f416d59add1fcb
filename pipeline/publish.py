"""Publishes what is committed: changed partitions to Parquet, a snapshot, a small database, the manifest last.

In: a connection of `warehouse.connect`, whose owner holds the lease. Out: `Manifest`. Whatever moment it is stopped at,
readers have the old version or the new one, whole, and the next publish makes good what is left.
Everything new is made in `published/.new` and renamed from there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger, manifest, moments, outstanding, parquet, readers, snapshot
from pipeline.errors import StorageError
from pipeline.manifest import DATABASE, Manifest
from pipeline.outstanding import Partition
from pipeline.parquet import EXPORTED, WHOLE, Exported, ParquetFile
from pipeline.warehouse import transaction

Files = dict[str, tuple[ParquetFile, ...]]


def publish(con: Connection, home: Path, now: datetime, *, reader_root: str | None) -> Manifest:
    """Publish a new version, or return the present one where it tells the same, the ledger included.

    A night that brought no row is still a new version: its watermark, and with it `as_of`, has moved. It writes no
    Parquet file, only the small database. StorageError when it cannot; readers keep what they have.
    """
    published = home.absolute() / "published"
    try:
        return _publish(con, published, now, reader_root)
    except OSError as error:
        told = f"{error.filename or published}: {error.strerror or error}"
        raise StorageError(f"Publishing failed at {told}. Readers keep the version they have.") from error
    except duckdb.Error as error:
        told = str(error).partition("\n")[0].rstrip(".")
        raise StorageError(f"Publishing failed: {told}. Readers keep the version they have.") from error


def _publish(con: Connection, published: Path, now: datetime, reader_root: str | None) -> Manifest:
    fresh = published / ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    last = manifest.read(published)
    layout, state = _layout(), _state(con, published, reader_root)
    dirty = outstanding.dirty_partitions(con)
    if last and not dirty and (last.layout, last.state, last.complete) == (layout, state, _complete(con)):
        files_there = all(manifest.is_intact(published, file) for files in last.files.values() for file in files)
        if files_there and (published / DATABASE).is_file() and (published / "parquet").is_dir():
            return last
    fresh.mkdir(parents=True)
    version = snapshot.next_version(published, now, last.version if last else None)
    known = last.files if last and last.layout == layout else {}
    files = _export(con, published, fresh, version, known, dirty)
    snapshot.lay(published, fresh, version, (file for each in files.values() for file in each))
    _build_database(con, published, fresh, files, reader_root)
    told = Manifest(
        version=version,
        as_of=_as_of(con),
        complete=_complete(con),
        published_at=_rfc3339(now),
        rows={name: sum(file.rows for file in each) for name, each in files.items()},
        files=files,
        layout=layout,
        state=state,
    )
    manifest.replace(published, fresh, told)
    with transaction(con):
        outstanding.clear_dirty(con, dirty)
    shutil.rmtree(fresh, ignore_errors=True)
    snapshot.prune(published, now, last.version if last else None)
    return told


def _export(
    con: Connection, published: Path, fresh: Path, version: str, known: Files, dirty: Iterable[Partition]
) -> Files:
    """Write what is due, keep the rest; the rows of every table then are those of the warehouse."""
    files, written = {}, []
    for name, exported in EXPORTED.items():
        kept = {file.partition: file for file in known.get(name, ()) if manifest.is_intact(published, file)}
        due = {partition for table, partition in dirty if table == exported.stored}
        due |= {file.partition for file in known.get(name, ())} - set(kept)
        if name not in known or WHOLE in due or (due and exported.day is None):
            kept, due = {}, parquet.partitions(con, exported)
        now_there = {**kept, **_write(con, exported, due, version, fresh)}
        stored = _stored_rows(con, name)
        if sum(file.rows for file in now_there.values() if file) != stored:
            # The warehouse was rebuilt since, or a day changed unnoticed: everything of the table anew.
            now_there = {**_write(con, exported, parquet.partitions(con, exported), version, fresh)}
        files[name] = tuple(file for _, file in sorted(now_there.items()) if file)
        written += [file.path for file in files[name] if (fresh / file.path).exists()]
        if sum(file.rows for file in files[name]) != stored:
            raise StorageError(f"The Parquet files of {name} do not hold its {stored} rows. Nothing was published.")
    moments.reached("before-rename-parquet")
    _rename(published, fresh, written)
    return files


def _write(
    con: Connection, exported: Exported, due: Iterable[str], version: str, fresh: Path
) -> dict[str, ParquetFile | None]:
    return {
        partition: parquet.write(con, exported, partition, parquet.path_of(exported, partition, version), fresh)
        for partition in sorted(due)
    }


def _rename(published: Path, fresh: Path, paths: list[str]) -> None:
    for path in paths:
        (published / path).parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).replace(published / path)
    if paths:
        snapshot.sync_folders(published / "files")
        parquet.sync(published)


def _stored_rows(con: Connection, name: str) -> int:
    return int(con.execute(f'SELECT count(*) AS stored FROM warehouse.main."{name}"').fetchall()[0][0])


def _build_database(con: Connection, published: Path, fresh: Path, files: Files, reader_root: str | None) -> None:
    temporary = fresh / DATABASE
    readers.build(temporary, files, published, readers.ledger_rows(con), reader_root=reader_root)
    parquet.sync(temporary)
    moments.reached("before-rename-database")
    # Left by somebody who opened the old file for writing, it would be replayed into the new one.
    (published / f"{DATABASE}.wal").unlink(missing_ok=True)
    temporary.replace(published / DATABASE)
    parquet.sync(published)


def _layout() -> str:
    """Digest of what every file looks like; where it changes, all of them are written again."""
    return _digest(
        *(parquet.export_query(exported, WHOLE) for exported in EXPORTED.values() if exported.day is None),
        *(parquet.export_query(exported, "2000-01-01") for exported in EXPORTED.values() if exported.day),
    )


def _state(con: Connection, published: Path, reader_root: str | None) -> str:
    """Digest of what the small database is made from, apart from the files."""
    rows = [
        con.execute(
            f"SELECT count(*) AS rows, bit_xor(hash({_row(name)})) AS content FROM warehouse.ledger.{name} AS t"
        ).fetchall()
        for name in readers.SHOWN_LEDGER
    ]
    return _digest(readers.made_from(), str(published), str(reader_root), str(rows))


def _row(name: str) -> str:
    return f"ROW({', '.join(f't.{column.name}' for column in readers.ledger_columns(name))})"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _complete(con: Connection) -> bool:
    """Whether what was read has no gap, neither in logs nor in runs."""
    return all(len(ledger.covered(con, kind)) <= 1 for kind in ("logs", "runs"))


def _as_of(con: Connection) -> str | None:
    """The nightly's watermark; where there was no nightly, the newest moment that was read."""
    mark = ledger.watermark(con)
    ends = [end for kind in ("logs", "runs") for _, end in ledger.covered(con, kind)]
    newest = mark or max(ends, default=None)
    return _rfc3339(newest) if newest else None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
