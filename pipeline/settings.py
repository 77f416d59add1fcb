"""The settings: one frozen value, read from the environment once.

Every setting is a row of `DEFAULTS_AND_REASONS`; `flowledger doctor` prints it and the README's table is made of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pipeline import privacy
from pipeline.errors import UsageError

LIVE_URL = "https://api.runflow.io"

# name, default as text, reason
DEFAULTS_AND_REASONS: tuple[tuple[str, str, str], ...] = (
    ("RUNFLOW_API_KEY", "", "The organisation's API key. Sent as a header, never written anywhere."),
    ("RUNFLOW_API_KEY_FILE", "", "A file that holds the key instead (a mounted secret)."),
    ("RUNFLOW_API_URL", LIVE_URL, "Where the API is. http:// is accepted for loopback only."),
    ("RUNFLOW_ORGANIZATION_ID", "", "Organisation to read; without it the API derives it from the key."),
    ("FLOWLEDGER_HOME", "./flowledger-data", "Where the warehouse, the raw pages and the published files live."),
    ("FLOWLEDGER_START", "30 days ago", "Where the first nightly begins when there is no watermark yet."),
    ("FLOWLEDGER_LAG", "15m", "The newest minutes are left for the next night: their rows are still arriving."),
    ("FLOWLEDGER_LOOKBACK", "3d", "Logs are read again this far back each night: lines arrive late."),
    ("FLOWLEDGER_SWEEP", "14d", "Runs are read again this long after creation: status, feedback, evaluation change."),
    ("FLOWLEDGER_CONCURRENCY", "4", "Requests in flight at once."),
    ("FLOWLEDGER_RATE", "10", "Requests a second, shared by the whole process: the limit is the organisation's."),
    ("FLOWLEDGER_PLAN", "embed", "How runs arrive: embed (with each log), or split (listed once: fewer bytes)."),
    (
        "FLOWLEDGER_PRIVACY",
        "drop",
        "Data of users: drop, hash or keep; or field by field, such as users=hash,input=drop,output=keep.",
    ),
    ("FLOWLEDGER_WAIT", "30m", "How long a run waits for another one that holds the lease."),
    ("FLOWLEDGER_KEEP_RAW", "30d", "How long landed pages are kept."),
    ("FLOWLEDGER_PATIENCE", "5m", "How long one request is tried again before the run gives up."),
    ("FLOWLEDGER_READER_ROOT", "", "The published folder as BI readers see it, if mounted elsewhere for them."),
    ("FLOWLEDGER_DEBUG", "", "Set to anything: an unexpected error shows where it happened."),
)


@dataclass(frozen=True)
class Settings:
    """What a run needs to know. Durations are timedeltas, moments are UTC."""

    api_key: str = field(default="", repr=False)
    api_url: str = LIVE_URL
    organization_id: str | None = None
    home: Path = Path("flowledger-data")
    start: datetime | None = None
    lag: timedelta = timedelta(minutes=15)
    lookback: timedelta = timedelta(days=3)
    sweep: timedelta = timedelta(days=14)
    concurrency: int = 4
    rate: float = 10.0
    plan: str = "embed"
    privacy: str = "drop"
    wait: timedelta = timedelta(minutes=30)
    keep_raw: timedelta = timedelta(days=30)
    patience: timedelta = timedelta(minutes=5)
    reader_root: str | None = None

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def raw(self) -> Path:
        return self.home / "raw"

    @property
    def published(self) -> Path:
        return self.home / "published"


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str, name: str) -> timedelta:
    """90s, 15m, 12h, 3d -> timedelta."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", text.strip())
    if not match:
        raise UsageError(f"{name} is {text!r}: write a number and a unit, such as 90s, 15m, 12h or 3d.")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def moment(text: str, name: str) -> datetime:
    """A date (midnight UTC) or an RFC 3339 time with its offset -> UTC."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{name} is {text!r}: write a date (2026-11-22) or a time (2026-11-22T06:00:00Z).") from None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        return parsed.replace(tzinfo=UTC)
    if parsed.tzinfo is None:
        raise UsageError(f"{name} is {text!r}: a time needs its offset, such as 2026-11-22T06:00:00Z.")
    return parsed.astimezone(UTC)


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; UsageError names the variable and what to write instead. The key may be empty."""
    env = os.environ if environment is None else environment

    def given(name: str) -> str | None:
        return (env.get(name) or "").strip() or None

    def span(name: str, default: timedelta) -> timedelta:
        text = given(name)
        return default if text is None else duration(text, name)

    start = given("FLOWLEDGER_START")
    return Settings(
        api_key=_key(given("RUNFLOW_API_KEY"), given("RUNFLOW_API_KEY_FILE")),
        api_url=_url(given("RUNFLOW_API_URL") or LIVE_URL),
        organization_id=_organization(given("RUNFLOW_ORGANIZATION_ID")),
        home=Path(given("FLOWLEDGER_HOME") or "flowledger-data").expanduser().absolute(),
        start=moment(start, "FLOWLEDGER_START") if start else None,
        lag=span("FLOWLEDGER_LAG", Settings.lag),
        lookback=span("FLOWLEDGER_LOOKBACK", Settings.lookback),
        sweep=span("FLOWLEDGER_SWEEP", Settings.sweep),
        concurrency=_whole(given("FLOWLEDGER_CONCURRENCY"), "FLOWLEDGER_CONCURRENCY", Settings.concurrency),
        rate=_number(given("FLOWLEDGER_RATE"), "FLOWLEDGER_RATE", Settings.rate),
        plan=_one_of(given("FLOWLEDGER_PLAN"), "FLOWLEDGER_PLAN", ("embed", "split")),
        privacy=privacy.parse(given("FLOWLEDGER_PRIVACY") or Settings.privacy).text,
        wait=span("FLOWLEDGER_WAIT", Settings.wait),
        keep_raw=span("FLOWLEDGER_KEEP_RAW", Settings.keep_raw),
        patience=span("FLOWLEDGER_PATIENCE", Settings.patience),
        reader_root=given("FLOWLEDGER_READER_ROOT"),
    )


def _key(key: str | None, file: str | None) -> str:
    if key is None and file is not None:
        try:
            key = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"RUNFLOW_API_KEY_FILE cannot be read: {error.strerror}.") from None
    if key is not None and not re.fullmatch(r"[A-Za-z0-9_\-.]+", key):
        raise UsageError("The API key holds characters that no key has. Copy it again, without quotes or spaces.")
    return key or ""


def _url(url: str) -> str:
    parts = urlsplit(url)
    loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.hostname is None or parts.scheme not in {"https", "http"}:
        raise UsageError(f"RUNFLOW_API_URL is {url!r}: write a URL such as {LIVE_URL}.")
    if parts.scheme == "http" and not loopback:
        raise UsageError("RUNFLOW_API_URL is http://: the key would travel in the clear. Use https://.")
    if parts.query or parts.fragment or parts.username:
        raise UsageError("RUNFLOW_API_URL must be a plain URL, without user, query or fragment.")
    return url.rstrip("/").removesuffix("/v1")


def _number(text: str | None, name: str, default: float) -> float:
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 10_000:
        raise UsageError(f"{name} is {text!r}: write a number above 0.")
    return number


def _whole(text: str | None, name: str, default: int) -> int:
    if text is not None and not re.fullmatch(r"0*[1-9]\d{0,3}", text):
        raise UsageError(f"{name} is {text!r}: write a whole number from 1 to 9999.")
    return default if text is None else int(text)


def _organization(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[A-Za-z0-9_\-.]+", text):
        raise UsageError(f"RUNFLOW_ORGANIZATION_ID is {text!r}: write the organisation's id, without quotes or spaces.")
    return text


def _one_of(text: str | None, name: str, allowed: tuple[str, ...]) -> str:
    value = (text or allowed[0]).lower()
    if value not in allowed:
        raise UsageError(f"{name} is {text!r}: write one of {', '.join(allowed)}.")
    return value
