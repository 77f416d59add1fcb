"""The command `publish`: publish what is committed, whenever a person asks; no network, no key.

In: the settings. Out: the lines to print. It takes the lease, and refuses while the newest load has failing findings
that nobody accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection as Connection

from pipeline import readers, status, warehouse
from pipeline.check import CHECKS
from pipeline.durable import sync
from pipeline.errors import CheckFailed, StorageError, UsageError
from pipeline.lease import hold_lease
from pipeline.manifest import DATABASE, Manifest
from pipeline.publish import publish
from pipeline.settings import Settings


def release(settings: Settings, now: datetime, *, accept: str | None, self_contained: Path | None) -> Iterator[str]:
    """Publish, and tell what readers see now.

    accept: the check whose findings do not matter. self_contained: also write one database here that needs no other
    file. UsageError when one of them cannot be, or nothing was loaded yet; CheckFailed when findings stand in the way.
    """
    _check_name(accept)
    portable = _portable(settings, self_contained)
    if not settings.warehouse.exists():
        raise UsageError(f"There is no warehouse in {settings.home}: nothing to publish. Run: flowledger nightly")
    with hold_lease(settings.home, settings.wait, command="publish"):
        con = warehouse.connect(settings.warehouse, None)
        try:
            _refuse_findings(con, accept)
            manifest = publish(con, settings.home, now, reader_root=settings.reader_root)
            if portable:
                write_portable(con, settings.published, manifest, portable)
            status.write_status(con, settings.home, now)
        finally:
            con.close()
    yield from _told(settings, manifest)
    if accept:
        yield f"Accepted: findings of {accept}"
    if portable:
        yield f"Self-contained: {portable} ({portable.stat().st_size / 1e6:,.1f} MB)"


def write_portable(con: Connection, published: Path, manifest: Manifest, target: Path) -> None:
    """Put what is published, rows and all, into one DuckDB file; it appears whole or not at all."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        readers.build(temporary, manifest.files, published, readers.ledger_rows(con), self_contained=True)
        sync(temporary)
        # Left by somebody who opened an older file for writing, it would be replayed into this one.
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
        temporary.replace(target)
        sync(target.parent)
    except (OSError, duckdb.Error) as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"{target} cannot be written: {str(error).partition(chr(10))[0]}") from error


def _check_name(accept: str | None) -> None:
    names = sorted(path.stem for path in CHECKS.rglob("*.sql"))
    if accept is not None and accept not in names:
        raise UsageError(
            f"--accept {accept}: there is no such check. The checks are: {', '.join(names) or 'none yet'}."
        )


def _portable(settings: Settings, target: Path | None) -> Path | None:
    if target is None:
        return None
    path = target.expanduser().resolve()
    home = settings.home.resolve()
    if path == home / "warehouse.duckdb" or path.is_relative_to(home / "published") or path.is_dir():
        raise UsageError(f"--self-contained {target}: write a file of its own, not one that Flowledger keeps.")
    if not path.parent.is_dir():
        raise UsageError(f"--self-contained {target}: the folder {path.parent} does not exist.")
    return path


def _refuse_findings(con: Connection, accept: str | None) -> None:
    rows = con.execute(
        "SELECT DISTINCT check_name FROM warehouse.ledger.findings WHERE severity = 'fail' AND load_id = ("
        "SELECT l.load_id FROM warehouse.ledger.loads AS l ORDER BY l.number DESC LIMIT 1) ORDER BY check_name"
    ).fetchall()
    standing = [name for (name,) in rows if name != accept]
    if standing:
        raise CheckFailed(
            f"The newest load has failing findings of {', '.join(standing)}; see flowledger status. Nothing was "
            f"published. To publish although: flowledger publish --accept {standing[0]}"
        )


def _told(settings: Settings, manifest: Manifest) -> Iterator[str]:
    files = [file for each in manifest.files.values() for file in each]
    new = sum(manifest.version in file.path for file in files)
    until = f", as of {manifest.as_of}" if manifest.as_of else ""
    yield f"Published: version {manifest.version}{until}"
    size = sum(file.bytes for file in files) / 1e6
    yield f"Parquet: {len(files):,} files, {size:,.1f} MB, {new:,} of them new in this version"
    yield f"Open: {settings.home / 'published' / DATABASE}"
