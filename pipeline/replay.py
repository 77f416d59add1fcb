"""Rebuilds the tables from landed raw pages, without the network.

The whole range goes into a new file that is swapped in at the end; a part of it goes into the warehouse as it is.
Only pages of committed windows count, in the order of their commits, so history and quarantine come out the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline import commit, landing, ledger, loads, publish, status, warehouse
from pipeline.errors import StorageError, UsageError
from pipeline.landing import WindowRecord
from pipeline.lease import hold_lease
from pipeline.receipt import Receipt
from pipeline.settings import Settings
from pipeline.values import Merged, Outcome, Step, Window


def run_replay(
    settings: Settings,
    start: datetime | None,
    end: datetime | None,
    *,
    now: datetime,
    report: Callable[[Step], None],
) -> Outcome:
    """Replay every committed record, or those whose window touches [start, end); then publish."""
    began = time.monotonic()
    with hold_lease(settings.home, settings.wait, command="replay"):
        found = list(landing.records(settings.raw))
        if not found:
            raise UsageError(f"There are no landed pages in {settings.raw}: nothing to replay.")
        if start is None and end is None:
            merged = _rebuild(settings, found, now, report)
        else:
            chosen = [record for record in found if _touches(record.window, start, end)]
            merged = _replay_into(settings, settings.warehouse, chosen, now, report)
        con = warehouse.connect(settings.warehouse, _source(settings))
        try:
            manifest = publish.publish(con, settings.home, now, reader_root=settings.reader_root)
            status.write_status(con, settings.home, datetime.now(UTC))
        finally:
            con.close()
    return Outcome(
        "replay",
        found[-1].load_id,
        0,
        len(found),
        merged=merged,
        seconds=time.monotonic() - began,
        published=manifest.version,
    )


def _rebuild(
    settings: Settings, found: list[WindowRecord], now: datetime, report: Callable[[Step], None]
) -> dict[str, Merged]:
    """Build a new file beside the warehouse, carry over what is not in the pages, swap it in."""
    fresh = settings.warehouse.with_name("warehouse.replay.duckdb")
    for left in (fresh, fresh.with_name(fresh.name + ".wal")):
        left.unlink(missing_ok=True)
    if settings.warehouse.exists():
        _refuse_if_pages_are_gone(settings, found)
    merged = _replay_into(settings, fresh, found, now, report)
    if settings.warehouse.exists():
        commit.carry_over(fresh, settings.warehouse)
    os.replace(fresh, settings.warehouse)
    return merged


def _refuse_if_pages_are_gone(settings: Settings, found: Iterable[WindowRecord]) -> None:
    con = warehouse.connect(settings.warehouse, _source(settings))
    try:
        committed = ledger.commits(con)
    finally:
        con.close()
    lost = committed - {(record.load_number, record.commit_number) for record in found}
    if lost:
        raise StorageError(
            f"The landed pages of {len(lost)} committed windows are no longer kept; a rebuild would lose their rows. "
            "Replay a later part with --from and --to instead: it goes into the warehouse as it is."
        )


def _replay_into(
    settings: Settings, path: Path, records: list[WindowRecord], now: datetime, report: Callable[[Step], None]
) -> dict[str, Merged]:
    merged: dict[str, Merged] = {}
    con = warehouse.connect(path, _source(settings))
    try:
        for index, record in enumerate(records):
            batch = _batch(settings.raw, record)
            load = loads.replayed_load(con, record.load_id, record.load_number, record.command, now)
            done = commit.commit_batch(
                con, load, record.window, batch, now, watermark=record.watermark, commit_number=record.commit_number
            )
            for name, counts in done.merged.items():
                merged[name] = merged.get(name, Merged()) + counts
            window = record.window or Window(now, now)
            report(Step(index + 1, len(records), window, done.merged["logs"].inserted, done.merged["runs"].inserted))
    finally:
        con.close()
    return merged


def _batch(raw: Path, record: WindowRecord) -> commit.Batch:
    receipt = Receipt(
        raw, record.load_number, record.privacy, record.window, lambda: 0, referenced_only=record.command != "nightly"
    )
    for page in record.pages:
        receipt.take_landed(page, landing.read_body(raw, page))
    return receipt.batch(logs=record.logs_covered, runs=record.runs_covered)


def _touches(window: Window | None, start: datetime | None, end: datetime | None) -> bool:
    if window is None:
        return False
    return (end is None or window.start < end) and (start is None or window.end > start)


def _source(settings: Settings) -> tuple[str, str | None]:
    return settings.api_url, settings.organization_id
