"""Writes files that are whole or not there, and outlast a loss of power. StorageError where one cannot be written."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from pipeline.errors import StorageError

LARGE = 1 << 20


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all, and still there after a power cut: temporary file, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        _make_folder(path.parent)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _reserve(descriptor, len(content))
                file.write(content)
                file.flush()
                os.fsync(descriptor)
                _release(descriptor, len(content))
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error


def _reserve(descriptor: int, size: int) -> None:
    """Room for the whole file at once: to find it piece by piece costs as much as all the rest of writing."""
    if size > LARGE and hasattr(os, "posix_fallocate"):
        with suppress(OSError):  # not every file system can, and one that is full says so when it is written to
            os.posix_fallocate(descriptor, 0, size)


def _release(descriptor: int, size: int) -> None:
    """Nobody reads a page again soon: its copy in memory is of more use to what is written next, and to others."""
    if size > LARGE and hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # advice, which a file system need not take
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, outlast a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
