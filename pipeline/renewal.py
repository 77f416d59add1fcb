"""Makes the next small database out of the last one: a copy, in which only what the night changed is made anew.

In: the last database and the files that it was made from, the files now, the ledger tables that changed. Out: the same
content as `readers.build` makes of all files, at a cost that does not grow with them. The last one stays as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline import daily, readers
from pipeline.parquet import EXPORTED, ParquetFile
from pipeline.warehouse import given, transaction

Files = Mapping[str, tuple[ParquetFile, ...]]


def renew(
    target: Path,
    last: tuple[Path, Files],
    files: Files,
    root: Path,
    ledger: Mapping[str, pa.Table],
    *,
    reader_root: str | None = None,
) -> None:
    """Write the database to `target`, which must not exist.

    last: the last database, made from the same declarations, marts and roots, and the files that its views name.
    ledger: those of its tables whose rows are others now. The rest is that of `readers.build`.
    """
    present, before = last
    shutil.copyfile(present, target)
    new = {name: set(files[name]) - set(before.get(name, ())) for name in files}
    with readers.opened(target, root, sum(file.rows for each in new.values() for file in each)) as db, transaction(db):
        for name, now in files.items():
            if now != before.get(name, ()):
                paths = [readers.path_for(file, root, reader_root) for file in now]
                readers.create_core(db, EXPORTED[name], paths, "VIEW")
                _renew_days(db, name, before.get(name, ()), now, root)
        for name, rows in ledger.items():
            db.execute(f'DELETE FROM ledger."{name}"')
            with given(db, "given_rows", rows):
                db.execute(f'INSERT INTO ledger."{name}" BY NAME SELECT g.* FROM given_rows AS g')


def _renew_days(
    db: Connection, name: str, before: tuple[ParquetFile, ...], now: tuple[ParquetFile, ...], root: Path
) -> None:
    """Bring up to date what marts are made of, for the days whose content is not what it was."""
    were, are = ({file.partition: file.sha256 for file in each} for each in (before, now))
    changed = {day for day in {*were, *are} if were.get(day) != are.get(day)}
    paths = [readers.path_for(file, root, None) for file in now if file.partition in changed]
    daily.renew(db, name, changed, readers.core_query(EXPORTED[name], paths))
