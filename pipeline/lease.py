"""One writer at a time: a lock that the kernel holds for the life of the process that took it.

`flock` on `home/lease`. The kernel drops it when the process ends, however it ends, so nothing is stale, nothing
beats, and it is right in containers too, where every process is number 1. `home/lease.json` only words the message.
Those who wait hold a shared lock on `home/lease.waiting`; so a long run sees them, and a dead one leaves no mark.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from pipeline.errors import LeaseHeld, StorageError
from pipeline.values import short

POLL_SECONDS = 0.1
GLANCE_SECONDS = 0.05
HANDOVER_SECONDS = 5.0


class Lease:
    """The right to write, held by this process."""

    def __init__(self, home: Path, command: str, say: Callable[[str], None]) -> None:
        self._home = home
        self._command = command
        self._say = say
        self._lock: int | None = None
        self._given_up = Event()

    def give_up(self) -> None:
        """From another thread: end the waiting; whoever waits gets LeaseHeld."""
        self._given_up.set()

    def take(self, wait: timedelta | None) -> None:
        """Take the lease; wait for it up to `wait` (None: as long as it takes). LeaseHeld when that ends."""
        descriptor = _open(self._home / "lease")
        try:
            if not _locked_soon(descriptor, GLANCE_SECONDS):
                self._wait(descriptor, None if wait is None else wait.total_seconds())
        except BaseException:
            os.close(descriptor)
            raise
        self._lock = descriptor
        _introduce(self._home, self._command)

    def let_go(self) -> None:
        """Give the lease back; harmless when it is not held."""
        if self._lock is not None:
            with suppress(OSError):
                (self._home / "lease.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def somebody_waits(self) -> bool:
        """Whether another run waits for the lease."""
        descriptor = _open(self._home / "lease.waiting")
        try:
            return not _try_lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def yield_to_waiting(self) -> bool:
        """Between two windows: let those who wait go first, then take the lease again. False when nobody waits.

        The caller has closed the warehouse before and opens it again after: the other run opens the same file.
        The lease is taken back however long the others need; they too give way.
        """
        if not self.somebody_waits():
            return False
        self.let_go()
        deadline = time.monotonic() + HANDOVER_SECONDS
        while time.monotonic() < deadline and not (self._home / "lease.json").exists():
            time.sleep(POLL_SECONDS / 2)
        self.take(None)
        return True

    def _wait(self, descriptor: int, seconds: float | None) -> None:
        if seconds is not None and seconds <= 0:
            raise LeaseHeld(f"{owner(self._home)} is writing. Try again when it has ended.")
        limit = "" if seconds is None else f", up to {_spoken(seconds)}"
        mark = _open(self._home / "lease.waiting")
        try:
            fcntl.flock(mark, fcntl.LOCK_SH)
            self._say(f"Waiting for {_in_sentence(owner(self._home))} to end{limit}.")
            if not _locked_soon(descriptor, seconds, self._given_up):
                raise LeaseHeld(
                    f"{owner(self._home)} is still writing after {_spoken(seconds or 0)}. "
                    "Try again when it has ended, or let a run wait longer with FLOWLEDGER_WAIT."
                )
        finally:
            os.close(mark)


@contextmanager
def hold_lease(
    home: Path, wait: timedelta, *, command: str, say: Callable[[str], None] | None = None
) -> Iterator[Lease]:
    """Hold the lease of `home` for the block. `say` gets the one line printed when the run has to wait."""
    held = Lease(home, command, say or _to_stderr)
    held.take(wait)
    try:
        yield held
    finally:
        held.let_go()


def owner(home: Path) -> str:
    """Who holds the lease, in words; it is only a message, the lock itself is the truth."""
    try:
        told = json.loads((home / "lease.json").read_text(encoding="utf-8"))
        return f"Another run ({told['command']}, process {told['pid']} on {told['host']}, since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "Another run"


def is_held(home: Path) -> bool:
    """Whether somebody writes now. Never blocks, and leaves nothing in a home that has never been used."""
    if not (home / "lease").exists():
        return False
    descriptor = _open(home / "lease")
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _in_sentence(words: str) -> str:
    return words[:1].lower() + words[1:]


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{path} cannot be opened: {error.strerror}. Is FLOWLEDGER_HOME writable?") from error


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StorageError(f"FLOWLEDGER_HOME is on a disk that has no file locks: {error.strerror}.") from error
    return True


def _locked_soon(descriptor: int, seconds: float | None, given_up: Event | None = None) -> bool:
    """Try until it is ours or the time is over. A first short glance outlasts somebody who only looks (`is_held`)."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while not _try_lock(descriptor, fcntl.LOCK_EX):
        if (deadline is not None and time.monotonic() >= deadline) or (given_up is not None and given_up.is_set()):
            return False
        time.sleep(min(POLL_SECONDS, GLANCE_SECONDS if seconds is None else max(seconds / 5, 0.005)))
    return True


def _introduce(home: Path, command: str) -> None:
    told = {
        "command": command,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": short(datetime.now(UTC).replace(microsecond=0)),
    }
    with suppress(OSError):
        (home / ".lease.json").write_text(json.dumps(told), encoding="utf-8")
        (home / ".lease.json").rename(home / "lease.json")


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:g} seconds"
    return f"{seconds / 60:g} minutes" if seconds < 7200 else f"{seconds / 3600:g} hours"
