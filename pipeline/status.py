"""What is loaded, how fresh it is, and what a person should know; also while a run is writing.

Only the writer may open the warehouse, so every run leaves what it knows in `home/status.json`. In: that file, the
lease and the published manifest. Out: `Known`, as text or JSON.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from duckdb import DuckDBPyConnection as Connection

from pipeline import windows
from pipeline.coverage import Coverage, DriftRow, Loaded, gather
from pipeline.drift import told
from pipeline.errors import StorageError
from pipeline.forget_plan import FILE as UNFINISHED
from pipeline.lease import is_held, owner
from pipeline.progress import table
from pipeline.proof import EQUAL, proof_lines
from pipeline.settings import Settings
from pipeline.values import Window, short

FILE = "status.json"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_OPEN = timedelta(days=30)
MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class Published:
    """What readers see now."""

    version: str
    as_of: str | None = None
    complete: bool | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Everything `flowledger status` shows. loaded: None when no run has finished yet."""

    home: str
    writing: str | None
    published: Published | None
    loaded: Loaded | None


def write_status(con: Connection, home: Path, now: datetime) -> None:
    """Leave the state of the warehouse for those who may not open it: whole or not at all."""
    # One name, so that what a killed run left is written over: there is one writer at a time.
    temporary = home / f".{FILE}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(gather(con, now))))
            temporary.replace(home / FILE)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(f"{home / FILE} cannot be written: {error.strerror}.") from error


def look(settings: Settings) -> Known:
    """Read what the last run left, who writes now, and what is published. Takes no lock, writes nothing."""
    home = settings.home
    return Known(
        str(home),
        owner(home) if is_held(home) else None,
        _published(settings.published / "manifest.json"),
        _loaded(home / FILE),
    )


def _loaded(path: Path) -> Loaded | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Loaded)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StorageError(f"{path} cannot be read: {error}. The next run writes it anew.") from error


def _published(path: Path) -> Published | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Published)
    except (OSError, msgspec.MsgspecError):
        # No manifest, nothing published: it is replaced last and never seen in part.
        return None


def is_loaded(known: Known, window: Window) -> bool:
    """Whether everything that the window asks for was read, as far as the last run knew."""
    if known.loaded is None:
        return False
    asked = [known.loaded.logs] * window.logs + [known.loaded.runs] * window.runs
    return not any(windows.gaps(coverage.spans, window.start, window.end) for coverage in asked)


def to_json(known: Known) -> str:
    """For monitoring."""
    return msgspec.json.format(msgspec.json.encode(known)).decode()


def as_text(known: Known, now: datetime) -> str:
    """For a person who sees it for the first time."""
    lines = [f"Home: {known.home}"]
    if known.writing:
        lines.append(f"Writing now: {known.writing}. What follows is the state that the run before it left.")
    if (Path(known.home) / UNFINISHED).exists():
        lines.append("Somebody is left half forgotten: run the same flowledger forget again.")
    loaded = known.loaded
    if loaded is None:
        first = "The first run has not finished yet." if known.writing else "Begin with: flowledger nightly"
        return "\n".join([*lines, f"Nothing has been loaded yet. {first}"])
    organization = f", organisation {loaded.organization}" if loaded.organization else ""
    lines += [f"Source: {loaded.source_url}{organization}", _freshness(loaded, now), _published_line(known, loaded)]
    lines += [*_privacy(loaded), ""]
    lines += [*_coverage("Logs, by timestamp", loaded.logs), *_coverage("Runs, by created_at", loaded.runs)]
    lines += [*proof_lines(loaded.proof), ""]
    lines += [table([{"table": name, "rows": count} for name, count in loaded.rows.items()]), ""]
    lines += ["What to know:", *(f"  {line}" for line in _news(loaded, now) or ["nothing: all is well."])]
    return "\n".join([*lines, *_last_loads(loaded, now)])


def _freshness(loaded: Loaded, now: datetime) -> str:
    if loaded.watermark is None:
        return "No nightly run has finished yet: what is loaded came from other commands."
    return f"Loaded up to {short(loaded.watermark)}; {ago(now - loaded.watermark)}."


def _privacy(loaded: Loaded) -> list[str]:
    """The policy of the newest load, and whether rows of an earlier one may still follow another."""
    followed = list(dict.fromkeys(load.privacy for load in loaded.loads if load.privacy))
    if not followed:
        return []
    told = f"Privacy: {followed[0].replace(',', ', ')}."
    others = " Earlier loads followed another policy; flowledger replay gives their rows this one."
    return [told + (others if len(followed) > 1 else "")]


def _published_line(known: Known, loaded: Loaded) -> str:
    if known.published is None:
        return "Nothing is published yet: readers see nothing. A run without a failed window publishes."
    last = next((load for load in loaded.loads if load.status != "running"), None)
    behind = " The last load failed and was not published." if last and last.status == "failed" else ""
    as_of = f", as of {known.published.as_of}" if known.published.as_of else ""
    return f"Published: version {known.published.version}{as_of}.{behind}"


def _coverage(title: str, coverage: Coverage) -> list[str]:
    if not coverage.spans:
        return [f"{title}: none read yet"]
    lines = [f"{title}: {short(coverage.spans[0][0])} to {short(coverage.spans[-1][1])}"]
    if not coverage.gaps:
        return [f"{lines[0]}, without a gap"]
    gaps = [
        f"  gap {short(a)} to {short(b)}: flowledger backfill --from {short(a)} --to {short(b)}"
        for a, b in coverage.gaps
    ]
    return lines + gaps


def _news(loaded: Loaded, now: datetime) -> list[str]:
    lines = [f"{finding.severity}: {finding.detail}" for finding in loaded.findings]
    lines += [
        f"{count:,} open {'reject' if count == 1 else 'rejects'} of {kind}: flowledger rejects list"
        for kind, count in loaded.rejects.items()
    ]
    if loaded.open_runs and loaded.oldest_open_run:
        age = now - loaded.oldest_open_run
        long = f", more than {LONG_OPEN.days} days" if age > LONG_OPEN else ""
        many = "1 run has" if loaded.open_runs == 1 else f"{loaded.open_runs:,} runs have"
        lines.append(f"{many} not ended; the oldest was created {ago(age)}{long}")
    lines += [
        f"{day.day} is {day.status} against the source's totals{f': {day.explanation}' if day.explanation else ''}"
        for day in loaded.reconciliation
        if day.status not in EQUAL and not any(found.detail.startswith(f"{day.day}: ") for found in loaded.findings)
    ]
    return lines + _most([_drift(each, now) for each in loaded.drift])


def _drift(each: DriftRow, now: datetime) -> str:
    many = "once" if each.count == 1 else f"{each.count:,} times"
    last = f", last {ago(now - each.last_seen_at)}" if each.last_seen_at else ""
    sample = f", e.g. {each.sample_id}" if each.sample_id else ""
    what = told(each.table_name, each.path, each.kind, each.detail)
    return f"drift in {what}, {many} since {short(each.first_seen_at.replace(microsecond=0))}{last}{sample}"


def _most(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"and {more:,} more: flowledger status --json"]


def _last_loads(loaded: Loaded, now: datetime) -> list[str]:
    rows = [
        {
            "load": load.load_id,
            "command": load.command,
            "status": load.status,
            "began": ago(now - load.began_at),
            "inserted": load.inserted,
            "updated": load.updated,
            "rejected": load.rejected,
            "findings": load.findings,
        }
        for load in loaded.loads
    ]
    return ["", table(rows)] if rows else []


def ago(age: timedelta) -> str:
    """A length of time in words: 5 min ago, 3 h ago, 2 days ago."""
    if age < MINUTE:
        return "just now"
    if age < HOUR:
        return f"{age // MINUTE} min ago"
    return f"{age // HOUR} h ago" if age < 2 * DAY else f"{age // DAY} days ago"
