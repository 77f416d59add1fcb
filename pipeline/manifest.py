"""What is published: version, time, files and their digests. In and out: `published/manifest.json`, replaced last."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pipeline import moments
from pipeline.durable import sync
from pipeline.parquet import ParquetFile

NAME = "manifest.json"
DATABASE = "flowledger.duckdb"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One published version.

    as_of: RFC 3339; up to here everything was read. Its parts: rows and files by table, paths relative to the folder.
    layout, state, ledger: digests of what the files, the database and each of its ledger tables were made from, so that
    a publish knows what to renew. database: the stamp of the small database of this version. snapshot: the folder that
    shows its files by pattern; versions with the same files share one.
    """

    version: str
    as_of: str | None
    complete: bool
    published_at: str
    rows: dict[str, int]
    files: dict[str, tuple[ParquetFile, ...]]
    layout: str
    state: str
    ledger: dict[str, str] = field(default_factory=dict)
    database: str = ""
    snapshot: str = ""


def read(published: Path) -> Manifest | None:
    """The newest version; None where nothing was published, or not by this layout of the manifest."""
    try:
        return msgspec.json.decode((published / NAME).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def replace(published: Path, fresh: Path, manifest: Manifest) -> None:
    """Put the manifest in the place of the old one; from here on the version counts."""
    temporary = fresh / NAME
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    sync(temporary)
    moments.reached("before-manifest")
    temporary.replace(published / NAME)
    sync(published)
    moments.reached("after-manifest")


def is_intact(published: Path, file: ParquetFile) -> bool:
    """Whether the file lies where it was put, in its size."""
    try:
        size = os.stat(f"{published}/{file.path}").st_size  # noqa: PTH116  thousands: making a Path doubles the cost
        return size == file.bytes
    except FileNotFoundError:
        return False


def stamp(database: Path) -> str:
    """Size and time of the last change: whoever writes into the file, though we never do, changes them."""
    try:
        found = database.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_size} bytes, {found.st_mtime_ns} ns"
