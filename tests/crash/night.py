"""A night in a process of its own that may kill itself: python -m tests.crash.night URL HOME NOW [WHERE HOW_MUCH].

WHERE: the name of a moment, `statement` before one of SQL, `fsync`, `rename FILE` before a file gets its name, or `any`
for all of them: killed when it is reached for the HOW_MUCH-th time.
`after`: killed when HOW_MUCH seconds have passed. Without both the night ends by itself.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Timer
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pipeline import moments, warehouse
from tests.product import NOW, nightly, settings_for

START = NOW - timedelta(hours=36)
AGES = timedelta(days=36_500)


def die() -> None:
    """End at once, as if the power had failed; nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(where: str, nth: int) -> Callable[[str], None]:
    """What to put in the place of `moments.reached`."""
    times = count(1)

    def reached(name: str) -> None:
        if where in {name, "any"} and next(times) == nth:
            die()

    return reached


class Watched:
    """A connection of the warehouse that says when a statement begins."""

    def __init__(self, con: Any, reached: Callable[[str], None]) -> None:
        self._con = con
        self._reached = reached

    def __getattr__(self, name: str) -> Any:
        if name in {"execute", "executemany"}:
            self._reached("statement")
        return getattr(self._con, name)


@contextmanager
def watched(reached: Callable[[str], None]) -> Iterator[None]:
    """Tell of every moment, every statement on the warehouse, and every step that makes a file last."""
    connect, fsync = warehouse.connect, os.fsync

    def connected(*given: Any, **named: Any) -> Watched:
        return Watched(connect(*given, **named), reached)

    def synced(descriptor: int) -> None:
        reached("fsync")
        fsync(descriptor)

    def renaming(rename: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def renamed(source: Any, target: Any) -> None:
            reached(f"rename {Path(target).name}")
            rename(source, target)

        return renamed

    with (
        patch.object(moments, "reached", reached),
        patch.object(warehouse, "connect", connected),
        patch.object(os, "fsync", synced),
        patch.object(os, "rename", renaming(os.rename)),
        patch.object(os, "replace", renaming(os.replace)),
    ):
        yield


def spend_night(url: str, home: Path, now: datetime) -> int:
    """Exit code of one night; landed pages are kept, whatever the real clock says."""
    return nightly(settings_for(SimpleNamespace(url=url), home, start=START, keep_raw=AGES), now=now).exit_code


def main(url: str, home: str, now: str, where: str = "", how_much: str = "0") -> None:
    """The script."""
    if where == "after":
        timer = Timer(float(how_much), die)
        timer.daemon = True
        timer.start()
    with watched(dying(where, max(1, round(float(how_much))))):
        sys.exit(spend_night(url, Path(home), datetime.fromisoformat(now)))


if __name__ == "__main__":
    main(*sys.argv[1:])
