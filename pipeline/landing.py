"""Landed pages: bodies as received, and one record per commit that names them in order. `replay` reads these.

`raw/bodies/ab/<sha256>.<coding>` holds wire bytes under their own digest; a body that came without a content coding is
stored compressed. `raw/records/<committed>-<load>-<commit>.json` is written as `.pending` before the commit and
renamed after it, so that the warehouse alone decides which records count. Neither holds the API key.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import zstandard

from pipeline.durable import sync, write_whole
from pipeline.errors import StorageError
from pipeline.values import LandedPage, RawPage, Window

PENDING = ".pending"
ABANDONED_AFTER_SECONDS = 86_400
WITHOUT_IT = (
    "Only a replay of its window needs it, and the tables hold its rows already. Bring the file back from a copy, or "
    "move it away and replay other parts with --from and --to; backfill reads its days anew from the API."
)


@dataclass(frozen=True)
class WindowRecord:
    """What one commit was made of.

    load_number, commit_number: which load, and which of its commits, both counted by the ledger.
    committed: place in the order of all commits; given by `write_record`.
    window: None for a command without a span (one log). logs_covered, runs_covered: what the commit marked as read.
    watermark: where the commit moved the nightly's watermark to, if it did.
    privacy, plan, source, organization: the settings the pages were fetched and decoded with.
    """

    load_id: str
    load_number: int
    commit_number: int
    command: str
    window: Window | None
    logs_covered: Window | None
    runs_covered: Window | None
    privacy: str
    pages: tuple[LandedPage, ...]
    watermark: datetime | None = None
    plan: str = "embed"
    source: str = ""
    organization: str | None = None
    committed: int = 0


def land(raw: Path, page: RawPage) -> str:
    """Store the body durably before anybody decodes it; returns its digest. Landing it again is harmless."""
    path = raw / _body_name(page.sha256, page.encoding)
    if _is_stored(path, page):
        os.utime(path)
    else:
        write_whole(path, zstandard.compress(page.body, 3) if _coding(page.encoding) == "identity" else page.body)
    return page.sha256


def read_body(raw: Path, page: LandedPage) -> RawPage:
    """The page as it was received. StorageError names the file when it is missing or is not what was landed."""
    path = body_path(raw, page)
    try:
        body = _wire_bytes(path, page.encoding)
    except FileNotFoundError:
        raise StorageError(
            f"The landed page {path} is missing; pages are kept for FLOWLEDGER_KEEP_RAW. {WITHOUT_IT}"
        ) from None
    except (OSError, zstandard.ZstdError) as error:
        raise StorageError(f"The landed page {path} cannot be read: {error}. {WITHOUT_IT}") from error
    if hashlib.sha256(body).hexdigest() != page.sha256:
        raise StorageError(
            f"The landed page {path} is damaged: its bytes are not the ones that were received. {WITHOUT_IT}"
        )
    return RawPage(page.request, page.status, page.encoding, body, page.fetched_at)


def write_record(raw: Path, record: WindowRecord) -> Path:
    """Write the record of a commit that is about to happen; only the holder of the lease may."""
    folder = raw / "records"
    last = max((int(name.split("-")[0]) for name in _record_names(folder)), default=0)
    record = replace(record, committed=last + 1)
    name = f"{record.committed:09d}-{record.load_number:06d}-{record.commit_number:06d}.json{PENDING}"
    write_whole(folder / name, msgspec.json.encode(record))
    return folder / name


def confirm_record(path: Path) -> Path:
    """The commit happened: the record counts from now on."""
    confirmed = path.with_name(path.name.removesuffix(PENDING))
    try:
        path.rename(confirmed)
        sync(path.parent)
    except OSError as error:
        raise StorageError(f"The landing record {path} cannot be renamed: {error.strerror}.") from error
    return confirmed


def settle_pending(raw: Path, committed: Callable[[WindowRecord], bool]) -> None:
    """Confirm or drop what a killed run left pending; `committed` asks the warehouse. Half a record is dropped too."""
    folder = raw / "records"
    for half in folder.glob(".*"):
        half.unlink()
    for name in _record_names(folder):
        if name.endswith(PENDING):
            if committed(_read_record(folder / name)):
                confirm_record(folder / name)
            else:
                (folder / name).unlink()


def records(raw: Path) -> Iterator[WindowRecord]:
    """The committed records in the order of their commits."""
    folder = raw / "records"
    return (_read_record(folder / name) for name in _record_names(folder) if not name.endswith(PENDING))


def named_records(raw: Path) -> Iterator[tuple[Path, WindowRecord]]:
    """The committed records, each with its file."""
    folder = raw / "records"
    return ((folder / name, _read_record(folder / name)) for name in _record_names(folder) if name.endswith(".json"))


def replace_record(path: Path, record: WindowRecord) -> None:
    """Put a record in the place of what it said before, in one step."""
    write_whole(path, msgspec.json.encode(record))


def sweep(raw: Path) -> int:
    """Delete every body that no record names, however new; returns how many. Only the holder of the lease may."""
    named = {Path(_body_name(page.sha256, page.encoding)).name for record in records(raw) for page in record.pages}
    unnamed = [path for path in (raw / "bodies").glob("*/*") if path.name not in named]
    for path in unnamed:
        path.unlink()
    return len(unnamed)


def prune(raw: Path, before: datetime) -> int:
    """Delete records whose pages were all received before the moment, and the bodies nobody names any more.

    A record without pages is as old as its file: a rebuild needs it as long as the others of its load.
    Returns the number of files deleted. Only the holder of the lease may: a body is landed before its record.
    """
    folder, named, deleted = raw / "records", set[str](), 0
    for name in _record_names(folder):
        record = _read_record(folder / name)
        written = datetime.fromtimestamp((folder / name).stat().st_mtime, UTC)
        received = max((page.fetched_at for page in record.pages), default=written)
        if not name.endswith(PENDING) and received < before:
            (folder / name).unlink()
            deleted += 1
        else:
            named.update(Path(_body_name(page.sha256, page.encoding)).name for page in record.pages)
    for path in (raw / "bodies").glob("*/*"):
        limit = time.time() - ABANDONED_AFTER_SECONDS if path.name.startswith(".") else before.timestamp()
        if path.name not in named and path.stat().st_mtime < limit:
            path.unlink()
            deleted += 1
    return deleted


def body_path(raw: Path, page: LandedPage) -> Path:
    """Where the body of a page lies."""
    return raw / _body_name(page.sha256, page.encoding)


def _coding(encoding: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", encoding.lower()).strip("-") or "identity"


def _body_name(sha256: str, encoding: str) -> str:
    coding = _coding(encoding)
    return f"bodies/{sha256[:2]}/{sha256}.{'identity.zst' if coding == 'identity' else coding}"


def _wire_bytes(path: Path, encoding: str) -> bytes:
    stored = path.read_bytes()
    return zstandard.decompress(stored) if _coding(encoding) == "identity" else stored


def _is_stored(path: Path, page: RawPage) -> bool:
    try:
        return _wire_bytes(path, page.encoding) == page.body
    except (OSError, zstandard.ZstdError):
        return False


def _record_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if re.fullmatch(r"\d+-\d+-\d+\.json(\.pending)?", p.name))


def _read_record(path: Path) -> WindowRecord:
    try:
        return msgspec.json.decode(path.read_bytes(), type=WindowRecord)
    except (OSError, msgspec.MsgspecError) as error:
        raise StorageError(f"The landing record {path} cannot be read: {error}. {WITHOUT_IT}") from error
