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

from pipeline.errors import FlowledgerError
from pipeline.fetch import Source
from pipeline.interview import interview
from pipeline.lease import is_held, owner
from pipeline.progress import table
from pipeline.settings import DEFAULTS_AND_REASONS, LIVE_URL, Settings
from pipeline.values import short
from pipeline.verdicts import Line

PACKAGES = ("flowledger", "duckdb", "pyarrow", "prefect", "httpx", "msgspec")
SECRETS = {"RUNFLOW_API_KEY"}
PRIVATE = {"RUNFLOW_API_KEY_FILE", "RUNFLOW_ORGANIZATION_ID", "FLOWLEDGER_HOME", "FLOWLEDGER_READER_ROOT"}
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
    report = settings.home / "doctor-report.json"
    _write(report, settings, now, lines)
    say("")
    say(f"Report without keys, names and ids, fit to be shared: {report}")
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
        writable = os.access(home, os.W_OK)
        free = shutil.disk_usage(home).free
    except OSError as error:
        return [Line("home", "fail", f"{home} cannot be used: {error.strerror}")]
    lines = [
        Line("home", "ok" if writable else "fail", f"{home} is {'' if writable else 'not '}writable"),
        Line("disk", "ok" if free > LOW_DISK_BYTES else "warn", f"{free / 1e9:,.1f} GB free"),
    ]
    if is_held(home):
        lines.append(Line("lease", "note", f"{owner(home)} is writing now"))
    if settings.warehouse.exists():
        size = settings.warehouse.stat().st_size
        lines.append(Line("warehouse", "ok", f"{size / 1e6:,.1f} MB; see flowledger status"))
    else:
        lines.append(Line("warehouse", "note", "not there yet; flowledger nightly makes it"))
    return lines


async def _api(settings: Settings, now: datetime) -> list[Line]:
    lines: list[Line] = []
    impatient = replace(settings, patience=min(settings.patience, PATIENCE))
    async with Source(impatient) as source:
        try:
            async for line in interview(source, now):
                lines.append(line)
                if line.topic == "account" and line.verdict == "fail":
                    break
        except FlowledgerError as error:
            lines.append(Line("API", "fail", str(error)))
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


def _write(path: Path, settings: Settings, now: datetime, lines: list[Line]) -> None:
    told = {
        "written_at": short(now),
        "api": "live" if settings.api_url == LIVE_URL else "other",
        "lines": [{"topic": line.topic, "verdict": line.verdict, "text": _without(line, settings)} for line in lines],
        "settings": {
            name: "(set)" if origin == "environment" and name in PRIVATE | {"RUNFLOW_API_URL"} else value
            for name, value, origin in _settings()
        },
    }
    try:
        path.write_text(json.dumps(told, indent=2), encoding="utf-8")
        path.chmod(0o600)
    except OSError:
        # The table has said that home cannot be used.
        return


def _without(line: Line, settings: Settings) -> str:
    """The line's text without what only its owner should see."""
    text = line.text.replace(str(settings.home), "(home)")
    for private in (settings.api_key, settings.organization_id, settings.api_url, platform.node()):
        if private:
            text = text.replace(private, "(private)")
    return "another run is writing now" if line.topic == "lease" else text
