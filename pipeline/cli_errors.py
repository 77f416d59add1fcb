"""The last words of a failed command: a few lines, no traceback, never the key."""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from pipeline.errors import FlowledgerError

SHORTEST_KEY = 6
INTERRUPTED, TERMINATED = 130, 143


class LastWords:
    """Around a command: whatever ends it becomes a few lines on stderr and an exit code.

    SIGTERM is turned into SIGINT, which everything below knows how to end on, and keeps its own code.
    """

    def __init__(self) -> None:
        self.code = 0
        self._terminated = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGTERM, self._on_terminate)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        signal.signal(signal.SIGTERM, self._before)
        if error is None:
            return True
        self.code = self._code_of(error)
        if self.code in {INTERRUPTED, TERMINATED}:
            sys.stderr.write("Interrupted. What was in hand was rolled back; windows that were committed stay.\n")
        elif not isinstance(error, SystemExit):
            tell(error)
        return True

    def _code_of(self, error: BaseException) -> int:
        if self._terminated:
            return TERMINATED
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        first = first_of(error)
        return first.exit_code if isinstance(first, FlowledgerError) else 1

    def _on_terminate(self, _: int, __: FrameType | None) -> None:
        self._terminated = True
        signal.raise_signal(signal.SIGINT)


def tell(error: BaseException) -> None:
    """Say on stderr what went wrong. The traceback of an unexpected error needs FLOWLEDGER_DEBUG."""
    error = first_of(error)
    debug = bool(os.environ.get("FLOWLEDGER_DEBUG"))
    if isinstance(error, FlowledgerError):
        lines = str(error) or type(error).__name__
    else:
        hint = "" if debug else "\nSet FLOWLEDGER_DEBUG=1 to see where it happened."
        lines = (
            f"Flowledger met an error it does not know: {type(error).__name__}: {error}\n"
            f"What was in hand was rolled back; windows that were committed stay.{hint}"
        )
    if debug:
        lines = "".join(traceback.format_exception(error)) + lines
    sys.stderr.write(f"{scrub(lines)}\n")


def scrub(text: str) -> str:
    """The text without the API key, anything that looks like one, and the signatures of URLs."""
    for secret in _secrets():
        text = text.replace(secret, "***")
    text = re.sub(r"\brf_[a-z]+_\w+", "rf_***", text)
    text = re.sub(r"(?i)\bbearer\s+[^\s'\",]+", "Bearer ***", text)
    return re.sub(r"(?i)([?&](?:x-amz-[\w-]+|x-goog-[\w-]+|signature|sig|se|token)=)[^&\s'\"]+", r"\1***", text)


def _secrets() -> list[str]:
    found = [os.environ.get("RUNFLOW_API_KEY", "").strip()]
    file = os.environ.get("RUNFLOW_API_KEY_FILE", "").strip()
    if file:
        try:
            found.append(Path(file).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            found.append("")
    return [secret for secret in found if len(secret) >= SHORTEST_KEY]


def first_of(error: BaseException) -> BaseException:
    """The first error of a group of errors; the error itself when it is none."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
