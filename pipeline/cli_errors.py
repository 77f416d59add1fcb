"""The last words of a failed command: a few lines, no traceback, never the key."""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path

from pipeline.errors import FlowledgerError

SHORTEST_KEY = 6


def tell(error: BaseException) -> None:
    """Say on stderr what went wrong. The traceback of an unexpected error needs FLOWLEDGER_DEBUG."""
    error = _first_of_group(error)
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


def _first_of_group(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
