"""Looks at this installation and at the API, and says in a table what is well and what is not.

The report file holds forms and counts only: no key, no names, no ids, no paths, so that it can be shared.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from pipeline.errors import StorageError
from pipeline.fetch import Source
from pipeline.interview import interview
from pipeline.lease import is_held, owner
from pipeline.progress import table
from pipeline.settings import DEFAULTS_AND_REASONS, LIVE_URL, Settings
from pipeline.values import short
from pipeline.verdicts import Line, failure

PACKAGES = ("flowledger", "duckdb", "pyarrow", "prefect", "httpx", "msgspec")
SECRETS = {"RUNFLOW_API_KEY"}
PRIVATE = {
    *("RUNFLOW_API_KEY_FILE", "RUNFLOW_API_URL", "RUNFLOW_ORGANIZATION_ID"),
    *("FLOWLEDGER_HOME", "FLOWLEDGER_READER_ROOT", "FLOWLEDGER_DEBUG"),
}
PATIENCE = timedelta(seconds=20)
LOW_DISK_BYTES = 2_000_000_000
EXIT_WELL, EXIT_ILL, EXIT_CONFIGURATION = 0, 1, 2


def examine(settings: Settings, now: datetime, say: Callable[[str], object], *, offline: bool = False) -> int:
    """Print the table, write the report, return the exit code: 0 well, 1 something fails, 2 no key."""
    lines = [*_machine(), *_home(settings)]
    keyless = not settings.api_key and not offline
    if keyless:
        lines.append(Line("key", "fail", "no key: set RUNFLOW_API_KEY, or RUNFLOW_API_KEY_FILE"))
    elif not offline:
        lines += asyncio.run(_api(settings, now))
    say(table([{"": line.verdict, "what": line.topic, "how": line.text} for line in lines]))
    say("")
    say(table([{"setting": name, "value": value, "from": origin} for name, value, origin in _settings()]))
    say("")
    say(_write(settings.home, _report(settings, now, lines)))
    if keyless:
        return EXIT_CONFIGURATION
    return EXIT_ILL if any(line.verdict == "fail" for line in lines) else EXIT_WELL


def _machine() -> list[Line]:
    told = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return [Line("versions", "ok", f"Python {platform.python_version()} on {platform.system()}; {told}")]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _home(settings: Settings) -> list[Line]:
    home = settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only writing tells: permission bits say nothing of a full disk, a quota or a read-only mount.
        with TemporaryFile(dir=home) as file:
            file.write(b"0")
        free = shutil.disk_usage(home).free
        size = settings.warehouse.stat().st_size if settings.warehouse.exists() else None
        writer = owner(home) if is_held(home) else None
    except OSError as error:
        told = f"cannot be used: {error.strerror}"
        return [Line("home", "fail", f"{home} {told}. Set FLOWLEDGER_HOME to a folder that can be written", told)]
    except StorageError as error:
        return [failure("home", error)]
    lines = [
        Line("home", "ok", f"{home} is writable", "writable"),
        Line("disk", "ok" if free > LOW_DISK_BYTES else "warn", f"{free / 1e9:,.1f} GB free"),
    ]
    if writer:
        lines.append(Line("lease", "note", f"{writer} is writing now", "another run is writing now"))
    if size is None:
        return [*lines, Line("warehouse", "note", "not there yet; flowledger nightly makes it")]
    return [*lines, Line("warehouse", "ok", f"{size / 1e6:,.1f} MB; see flowledger status")]


async def _api(settings: Settings, now: datetime) -> list[Line]:
    impatient = replace(settings, patience=min(settings.patience, PATIENCE))
    async with Source(impatient) as source:
        lines = [line async for line in interview(source, now)]
        lines.append(Line("requests", "note", f"{source.requests} asked, {source.retries} tried again"))
    return lines


def _settings() -> list[tuple[str, str, str]]:
    """Each setting with its value and where it comes from; secrets are not shown."""
    told = []
    for name, default, _ in DEFAULTS_AND_REASONS:
        given = (os.environ.get(name) or "").strip()
        shown = "(set)" if given and name in SECRETS else given or default
        told.append((name, shown, "environment" if given else "default"))
    return told


def _report(settings: Settings, now: datetime, lines: list[Line]) -> dict[str, Any]:
    """What can be shared: of the lines their shared text, of the settings no value that names somebody or something."""
    hidden = SECRETS | PRIVATE
    return {
        "written_at": short(now),
        "api": "live" if settings.api_url == LIVE_URL else "other",
        "lines": [{"topic": line.topic, "verdict": line.verdict, "text": line.shared or line.text} for line in lines],
        "settings": {
            name: "(set)" if origin == "environment" and name in hidden else "" if name in hidden else value
            for name, value, origin in _settings()
        },
    }


def _write(home: Path, report: dict[str, Any]) -> str:
    """Write the report in one step, for its owner only, and say where it is."""
    path, draft = home / "doctor-report.json", home / ".doctor-report.json"
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
        draft.replace(path)
    except OSError as error:
        return f"No report was written: {error.strerror}."
    return f"Report without keys, names and ids, fit to be shared: {path}"
