"""The key of this home's digests: made once, kept in `privacy.key` for its owner only, never published.

With it a digest of a name cannot be guessed by trying names. It outlives the warehouse, so that a rebuilt one has the
same digests and still knows who was forgotten; whoever deletes it gets other digests from then on.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pipeline import privacy
from pipeline.errors import StorageError
from pipeline.privacy import Policy
from pipeline.settings import Settings

FILE = "privacy.key"
BYTES = 32


def key_of(home: Path) -> bytes:
    """The key, made where there is none. StorageError when it cannot be read or written."""
    path, draft = home / FILE, home / f".{FILE}"
    try:
        with suppress(FileNotFoundError):
            return _read(path)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(secrets.token_hex(BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return _read(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be used: {error.strerror}.") from error


def policy_of(settings: Settings) -> Policy:
    """The policy in force, with the key where something is hashed."""
    policy = privacy.parse(settings.privacy)
    return privacy.parse(settings.privacy, key_of(settings.home)) if policy.hashes else policy


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != BYTES:
        raise StorageError(f"{path} does not hold the key that was written there. Restore it from a backup.")
    return key
