"""Snapshots: a folder of hard links per version, for readers who take Parquet files by pattern.

`published/parquet` is a link to the newest one, swapped in one step. A version that no reader can still use goes, and
with it the files that no other version holds. One such folder is kept as `spare`, to become the next one: of that only
the differences are made, so that a night does not pay for every day there is. `files.txt` lists each folder, sorted.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pipeline import moments
from pipeline.durable import sync
from pipeline.parquet import ParquetFile

KEPT_VERSIONS = 2
GRACE = timedelta(hours=48)
STAMP = "%Y%m%dT%H%M%SZ"
LIST = "files.txt"
SPARE = "spare"
# From here on one call for the whole file system costs less than one per folder, and waits less.
MANY_FOLDERS = 64


def next_version(published: Path, now: datetime, last: str | None) -> str:
    """A name that sorts after every earlier one, also when the clock went back."""
    newest = max([*_versions(published), *([last] if last else [])], default="-0")
    before, _, number = newest.rpartition("-")
    return f"{max(before, now.astimezone(UTC).strftime(STAMP))}-{int(number) + 1:06d}"


def lay(published: Path, fresh: Path, version: str, files: Iterable[ParquetFile]) -> str:
    """Make `published/parquet` show these files and no other; returns the folder that does.

    It is the present one where that shows the same.
    """
    wanted = {file.path.removeprefix("files/"): file.bytes for file in files}
    shown = _shown(published)
    if shown and _listed(published / "snapshots" / shown) == set(wanted):
        return shown
    (published / "snapshots").mkdir(exist_ok=True)
    folder = fresh / "snapshot"
    with suppress(FileNotFoundError):
        (published / "snapshots" / SPARE).rename(folder)
    folder.mkdir(exist_ok=True)
    _make_equal(folder, published / "files", wanted)
    moments.reached("before-rename-snapshot")
    folder.rename(published / "snapshots" / version)
    sync(published / "snapshots")
    pointer = fresh / "parquet"
    pointer.symlink_to(Path("snapshots") / version)
    pointer.replace(published / "parquet")
    sync(published)
    return version


def prune(published: Path, now: datetime, last: str | None, *, everywhere: bool) -> None:
    """Remove what neither the newest two versions nor those replaced in the last 48 hours hold.

    last: the folder of the version that readers had until now; a publish that was stopped since may lie between it and
    the newest. everywhere: also what no folder lists: a publish that was stopped may have left some.
    """
    folder = published / "snapshots"
    went = _below(published / "files") if everywhere else set()
    for version in reversed(_expired(_versions(published), now, last)):
        went |= _listed(folder / version)
        if (folder / SPARE).exists():
            shutil.rmtree(folder / version)
        else:
            (folder / version).rename(folder / SPARE)
    _remove_unheld(published, went)


def keep_only(published: Path) -> None:
    """Remove every version but the one shown, whoever reads it: what was forgotten must not be read any longer."""
    shown = _shown(published)
    for other in (*_versions(published), SPARE):
        if other != shown:
            shutil.rmtree(published / "snapshots" / other, ignore_errors=other == SPARE)
    _remove_unheld(published, _below(published / "files"))


def sync_folders(folders: set[Path]) -> None:
    """Make the names in these folders, of one file system, outlast a loss of power."""
    if len(folders) < MANY_FOLDERS or not _sync_file_system(next(iter(folders))):
        for folder in folders:
            sync(folder)


def _sync_file_system(folder: Path) -> bool:
    """Whether the system has a call for that."""
    call = getattr(ctypes.CDLL(None), "syncfs", None)
    if call is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return bool(call(descriptor) == 0)
    finally:
        os.close(descriptor)


def _make_equal(folder: Path, files: Path, wanted: dict[str, int]) -> None:
    """Take out what is not wanted, and link what is and is not there in its size."""
    changed = {folder}
    for path in _listed(folder) - set(wanted):
        _remove(folder / path)
        changed |= {folder / path.partition("/")[0]}
    for path, size in wanted.items():
        link = f"{folder}/{path}"
        if _size(link) != size:
            target = Path(link)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.hardlink_to(files / path)
            changed |= {target.parent, target.parent.parent}
    (folder / LIST).write_text("".join(f"{path}\n" for path in sorted(wanted)), encoding="utf-8")
    sync(folder / LIST)
    sync_folders({each for each in changed if each.is_dir()})


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116  there may be thousands: making a Path of each doubles the cost
    except FileNotFoundError:
        return None


def _expired(versions: list[str], now: datetime, last: str | None) -> list[str]:
    """Those of the versions, oldest first, that no reader can still use."""
    kept = {*versions[-KEPT_VERSIONS:], last}
    found = []
    for version, successor in pairwise(versions):
        replaced = datetime.strptime(successor.rpartition("-")[0], STAMP).replace(tzinfo=UTC)
        # Far in the future is no time to wait for: the clock was wrong then.
        if version not in kept and abs(now - replaced) > GRACE:
            found.append(version)
    return found


def _remove_unheld(published: Path, paths: set[str]) -> None:
    folder = published / "snapshots"
    held = {path for version in _versions(published) for path in _listed(folder / version)}
    for path in paths - held:
        _remove(published / "files" / path)
        _remove(folder / SPARE / path)


def _remove(file: Path) -> None:
    """Remove a file, and its folder where that is empty then."""
    file.unlink(missing_ok=True)
    with suppress(OSError):  # not empty
        file.parent.rmdir()


def _listed(folder: Path) -> set[str]:
    """The files of a version, relative to its folder."""
    try:
        return set((folder / LIST).read_text(encoding="utf-8").splitlines())
    except FileNotFoundError:
        return _below(folder)


def _below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}


def _shown(published: Path) -> str | None:
    """The folder behind `published/parquet`."""
    try:
        shown = (published / "parquet").readlink().name
    except OSError:
        return None
    return shown if (published / "snapshots" / shown).is_dir() else None


def _versions(published: Path) -> list[str]:
    return sorted(path.name for path in (published / "snapshots").glob("*-*"))
