"""Publishes what is committed: changed partitions to Parquet, a snapshot, a small database, the manifest last.

In: a connection of `warehouse.connect`, whose owner holds the lease. Out: `Manifest`. Whatever moment it is stopped at,
readers have the old version or the new one, whole, and the next publish makes good what is left.
Everything new is made in `published/.new` and renamed from there. What it costs goes by what changed since.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger, manifest, moments, outstanding, parquet, readers, renewal, snapshot
from pipeline.durable import sync
from pipeline.errors import StorageError
from pipeline.manifest import DATABASE, Manifest
from pipeline.outstanding import Partition
from pipeline.parquet import EXPORTED, WHOLE, Exported, ParquetFile
from pipeline.warehouse import transaction

Files = dict[str, tuple[ParquetFile, ...]]


def publish(con: Connection, home: Path, now: datetime, *, reader_root: str | None, anew: bool = False) -> Manifest:
    """Publish a new version, or return the present one where it tells the same, the ledger included.

    A night that brought no row is still a new version: its watermark, and with it `as_of`, has moved. It writes no
    Parquet file, only the small database. StorageError when it cannot; readers keep what they have.
    anew: the small database is not made out of the last one, so that no block of it holds what must be gone.
    """
    published = home.absolute() / "published"
    try:
        return _publish(con, published, now, reader_root, anew=anew)
    except OSError as error:
        told = f"{error.filename or published}: {error.strerror or error}"
        raise StorageError(f"Publishing failed at {told}. Readers keep the version they have.") from error
    except duckdb.Error as error:
        told = str(error).partition("\n")[0].rstrip(".")
        raise StorageError(f"Publishing failed: {told}. Readers keep the version they have.") from error


def _publish(con: Connection, published: Path, now: datetime, reader_root: str | None, *, anew: bool) -> Manifest:
    fresh = published / ".new"
    was_stopped = fresh.exists()
    shutil.rmtree(fresh, ignore_errors=True)
    last, plan = manifest.read(published), _plan(con, published, now, reader_root)
    dirty = outstanding.dirty_partitions(con)
    lost = _lost(published, last.files) if last else set()
    # What somebody has written to is no ground for the next one.
    base = last if last and not anew and manifest.stamp(published / DATABASE) == last.database else None
    if base and not dirty and not lost and _facts(base) == _facts(plan) and (published / "parquet").is_dir():
        return base
    fresh.mkdir(parents=True)
    version = snapshot.next_version(published, now, last.version if last else None)
    known = last.files if last and last.layout == plan.layout else {}
    files = _export(con, published, fresh, version, known, {*dirty, *lost})
    had = (last.snapshot or last.version) if last else None
    every = [file for each in files.values() for file in each]
    shown = snapshot.lay(published, fresh, version, every)
    plan = replace(plan, version=version, files=files, snapshot=shown)
    _make_database(con, published, fresh, plan, base, reader_root)
    told = replace(
        plan,
        rows={name: sum(file.rows for file in each) for name, each in files.items()},
        database=manifest.stamp(published / DATABASE),
    )
    manifest.replace(published, fresh, told)
    if dirty:
        with transaction(con):
            outstanding.clear_dirty(con, dirty)
    snapshot.prune(published, now, had, everywhere=was_stopped)
    # Last, for a folder that is still there says that something may be left.
    shutil.rmtree(fresh, ignore_errors=True)
    return told


def _plan(con: Connection, published: Path, now: datetime, reader_root: str | None) -> Manifest:
    """What the next version is to be, as far as that is known before anything is made."""
    covered = {kind: ledger.covered(con, kind) for kind in ("logs", "runs")}
    # The nightly's watermark; where there was no nightly, the newest moment that was read.
    newest = ledger.watermark(con) or max((end for spans in covered.values() for _, end in spans), default=None)
    return Manifest(
        version="",
        as_of=_rfc3339(newest) if newest else None,
        # Nothing that was read has a gap, neither in logs nor in runs.
        complete=all(len(spans) <= 1 for spans in covered.values()),
        published_at=_rfc3339(now),
        rows={},
        files={},
        layout=_layout(),
        state=_digest(readers.made_from(), str(published), str(reader_root)),
        ledger=_ledger(con),
    )


def _facts(of: Manifest) -> tuple[object, ...]:
    return of.layout, of.state, of.ledger, of.complete


def _lost(published: Path, files: Files) -> set[Partition]:
    """Partitions whose file is not what the manifest says."""
    return {
        (EXPORTED[name].stored, file.partition)
        for name, each in files.items()
        if name in EXPORTED
        for file in each
        if not manifest.is_intact(published, file)
    }


def _export(
    con: Connection, published: Path, fresh: Path, version: str, known: Files, dirty: Iterable[Partition]
) -> Files:
    """Write what is due, keep the rest; the rows of every table then are those of the warehouse."""
    files, written = {}, []
    for name, exported in EXPORTED.items():
        kept = {file.partition: file for file in known.get(name, ())}
        due = {partition for table, partition in dirty if table == exported.stored}
        if name not in known or WHOLE in due or (due and exported.day is None):
            kept, due = {}, parquet.partitions(con, exported)
        now_there = {**kept, **_write(con, exported, due, version, fresh)}
        stored = _stored_rows(con, name)
        if sum(file.rows for file in now_there.values() if file) != stored:
            # The warehouse was rebuilt since, or a day changed unnoticed: everything of the table anew.
            now_there = {**_write(con, exported, parquet.partitions(con, exported), version, fresh)}
        files[name] = tuple(file for _, file in sorted(now_there.items()) if file)
        written += [file.path for file in files[name] if version in file.path and (fresh / file.path).exists()]
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
    folders = set()
    for path in paths:
        target = published / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).replace(target)
        folders |= {target.parent, target.parent.parent}
    if paths:
        snapshot.sync_folders({*folders, published / "files", published})


def _stored_rows(con: Connection, name: str) -> int:
    return int(con.execute(f'SELECT count(*) AS stored FROM warehouse.main."{name}"').fetchall()[0][0])


def _make_database(
    con: Connection, published: Path, fresh: Path, plan: Manifest, base: Manifest | None, reader_root: str | None
) -> None:
    """Put the database of these files in the place of the last one. base: the version to make it out of, if any."""
    temporary = fresh / DATABASE
    if not _renewed(con, published, temporary, plan, base, reader_root):
        for left in (temporary, temporary.with_name(f"{DATABASE}.wal")):
            left.unlink(missing_ok=True)
        readers.build(temporary, plan.files, published, readers.ledger_rows(con), reader_root=reader_root)
    sync(temporary)
    moments.reached("before-rename-database")
    # Left by somebody who opened the old file for writing, it would be replayed into the new one.
    (published / f"{DATABASE}.wal").unlink(missing_ok=True)
    temporary.replace(published / DATABASE)
    sync(published)


def _renewed(
    con: Connection, published: Path, temporary: Path, plan: Manifest, base: Manifest | None, reader_root: str | None
) -> bool:
    """Whether the database could be made out of the last one: not where that was made another way, or is damaged."""
    if base is None or (base.layout, base.state) != (plan.layout, plan.state):
        return False
    changed = [name for name, digest in plan.ledger.items() if base.ledger.get(name) != digest]
    rows = readers.ledger_rows(con, changed)
    with suppress(duckdb.Error):
        last = published / DATABASE, base.files
        renewal.renew(temporary, last, plan.files, published, rows, reader_root=reader_root)
        return True
    return False


def _layout() -> str:
    """Digest of what every file looks like; where it changes, all of them are written again."""
    return _digest(
        *(parquet.export_query(exported, WHOLE) for exported in EXPORTED.values() if exported.day is None),
        *(parquet.export_query(exported, "2000-01-01") for exported in EXPORTED.values() if exported.day),
    )


def _ledger(con: Connection) -> dict[str, str]:
    """Digest of each table that readers see of the ledger."""
    return {
        name: str(
            con.execute(f"SELECT count(*), bit_xor(hash({_row(name)})) FROM warehouse.ledger.{name} AS t").fetchone()
        )
        for name in readers.SHOWN_LEDGER
    }


def _row(name: str) -> str:
    return f"ROW({', '.join(f't.{column.name}' for column in readers.ledger_columns(name))})"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
