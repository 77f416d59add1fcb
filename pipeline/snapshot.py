"""Snapshots: a folder of hard links per version, for readers who take Parquet files by pattern.

`published/parquet` is a link to the newest one, swapped in one step. A version that no reader can still use is removed,
and with it the files that no other version holds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pipeline import moments
from pipeline.parquet import ParquetFile, sync

KEPT_VERSIONS = 2
GRACE = timedelta(hours=48)
STAMP = "%Y%m%dT%H%M%SZ"


def next_version(published: Path, now: datetime, last: str | None) -> str:
    """A name that sorts after every earlier one, also when the clock went back."""
    newest = max([*_versions(published), *([last] if last else [])], default="-0")
    before, _, number = newest.rpartition("-")
    return f"{max(before, now.astimezone(UTC).strftime(STAMP))}-{int(number) + 1:06d}"


def lay(published: Path, fresh: Path, version: str, files: Iterable[ParquetFile]) -> None:
    """Link the files into the version's folder and make it the one that `published/parquet` shows."""
    folder = fresh / "snapshot"
    folder.mkdir(parents=True)
    for file in files:
        link = folder / _inside(file)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(published / file.path, link)
    sync_folders(folder)
    (published / "snapshots").mkdir(exist_ok=True)
    moments.reached("before-rename-snapshot")
    folder.rename(published / "snapshots" / version)
    sync(published / "snapshots")
    shown = fresh / "parquet"
    shown.symlink_to(Path("snapshots") / version)
    shown.replace(published / "parquet")
    sync(published)


def prune(published: Path, now: datetime, last: str | None) -> None:
    """Remove what neither the newest two versions nor those replaced in the last 48 hours hold.

    last: the version that readers had until now; a publish that was stopped since may lie between it and the newest.
    """
    versions = _versions(published)
    kept = {*versions[-KEPT_VERSIONS:], last}
    for version, successor in pairwise(versions):
        replaced = datetime.strptime(successor.rpartition("-")[0], STAMP).replace(tzinfo=UTC)
        # Far in the future is no time to wait for: the clock was wrong then.
        if version not in kept and abs(now - replaced) > GRACE:
            shutil.rmtree(published / "snapshots" / version)
    _remove_unheld(published)


def _remove_unheld(published: Path) -> None:
    held = {
        path.relative_to(published / "snapshots" / version)
        for version in _versions(published)
        for path in (published / "snapshots" / version).rglob("*.parquet")
    }
    files = published / "files"
    for path in files.rglob("*.parquet"):
        if path.relative_to(files) not in held:
            path.unlink()
            with suppress(OSError):  # not empty
                path.parent.rmdir()


def keep_only(published: Path, version: str) -> None:
    """Remove every other version at once, whoever still reads it: what was forgotten must not be read any longer."""
    for other in _versions(published):
        if other != version:
            shutil.rmtree(published / "snapshots" / other)
    _remove_unheld(published)


def sync_folders(top: Path) -> None:
    """Make the names in a folder and below it outlast a loss of power."""
    for folder, _, _ in os.walk(top):
        sync(Path(folder))


def _inside(file: ParquetFile) -> Path:
    return Path(file.path).relative_to("files")


def _versions(published: Path) -> list[str]:
    return sorted(path.name for path in (published / "snapshots").glob("*-*"))
