"""Rebuilds the tables from landed raw pages, without the network.

The whole range goes into a new file that is swapped in at the end; a part of it goes into the warehouse as it is.
Only pages of committed windows count, in the order of their commits, so history and quarantine come out the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pipeline import commit, landing, ledger, loads, outstanding, publish, status, warehouse
from pipeline.digest_key import policy_of
from pipeline.drift import record_missing
from pipeline.errors import StorageError, UsageError
from pipeline.forgotten import Forgotten, recall
from pipeline.landing import WindowRecord
from pipeline.lease import hold_lease
from pipeline.receipt import Receipt
from pipeline.repeats import Repeats
from pipeline.settings import Settings
from pipeline.statements import sql_text
from pipeline.tables import TABLES
from pipeline.values import Batch, Merged, Outcome, Step, Window


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
    partial = start is not None or end is not None
    _refuse_what_cannot_be(settings, partial=partial)
    with hold_lease(settings.home, settings.wait, command="replay"):
        _settle(settings)
        found = list(landing.records(settings.raw))
        if not found:
            raise UsageError(f"There are no landed pages in {settings.raw}: nothing to replay.")
        if not partial:
            merged = _rebuild(settings, found, now, report)
        else:
            found = [record for record in found if _touches(record.window, start, end)]
            merged = _replay_into(settings, settings.warehouse, found, now, report)
        with closing(warehouse.connect(settings.warehouse, None)) as con:
            replayed = {record.load_id for record in found} if partial else None
            loads.note_privacy(con, replayed, policy_of(settings).text)
            manifest = publish.publish(con, settings.home, now, reader_root=settings.reader_root, anew=True)
            status.write_status(con, settings.home, datetime.now(UTC))
    return Outcome(
        "replay",
        found[-1].load_id if found else "",
        0,
        len(found),
        merged=merged,
        seconds=time.monotonic() - began,
        published=manifest.version,
    )


def _refuse_what_cannot_be(settings: Settings, *, partial: bool) -> None:
    """Before anything is written: a home without pages, or a part that would have to pass for the whole."""
    if not settings.raw.exists():
        raise UsageError(f"There are no landed pages in {settings.raw}: nothing to replay.")
    if partial and not settings.warehouse.exists():
        raise UsageError(
            f"There is no warehouse in {settings.home} that a part could be replayed into; alone, it would look whole. "
            "Replay everything first: flowledger replay"
        )


def _settle(settings: Settings) -> None:
    """Let the warehouse say of each record that a killed run left whether its commit happened."""
    if settings.warehouse.exists():
        with closing(warehouse.connect(settings.warehouse, None)) as con:
            landing.settle_pending(settings.raw, lambda r: ledger.committed(con, r.load_number, r.commit_number))


def _rebuild(
    settings: Settings, found: list[WindowRecord], now: datetime, report: Callable[[Step], None]
) -> dict[str, Merged]:
    """Build a new file beside the warehouse, carry over what is not in the pages, swap it in."""
    fresh = settings.warehouse.with_name("warehouse.replay.duckdb")
    for left in (fresh, fresh.with_name(fresh.name + ".wal")):
        left.unlink(missing_ok=True)
    if settings.warehouse.exists():
        _refuse_if_pages_are_gone(settings, found)
    try:
        merged = _replay_into(settings, fresh, found, now, report)
        if settings.warehouse.exists():
            _carry_over(fresh, settings.warehouse)
    except BaseException:
        # It is as large as the warehouse, and worth nothing.
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(settings.warehouse)
    return merged


def _refuse_if_pages_are_gone(settings: Settings, found: Iterable[WindowRecord]) -> None:
    with closing(warehouse.connect(settings.warehouse, None)) as con:
        committed = ledger.commits(con)
    lost = committed - {(record.load_number, record.commit_number) for record in found}
    if lost:
        raise StorageError(
            f"The landed pages of {len(lost)} committed windows are no longer kept; a rebuild would lose their rows. "
            "Replay a later part with --from and --to instead: it goes into the warehouse as it is."
        )


def _carry_over(fresh: Path, old: Path) -> None:
    """Bring what the ledger knows and no page holds into the rebuilt file."""
    quoted = str(old).replace("'", "''")
    with closing(warehouse.connect(fresh, None)) as con:
        con.execute(f"ATTACH '{quoted}' AS before (READ_ONLY)")
        with warehouse.transaction(con):
            con.execute(sql_text("ledger/carry_over.sql"))
            for table in TABLES.values():
                if table.day:
                    days_of = sql_text("ledger/days_of.sql").format(table=table.name, day=table.day)
                    outstanding.mark_dirty(con, table.name, [day for (day,) in con.execute(days_of).fetchall()])
        con.execute("DETACH before")


def _replay_into(
    settings: Settings, path: Path, records: list[WindowRecord], now: datetime, report: Callable[[Step], None]
) -> dict[str, Merged]:
    merged: dict[str, Merged] = {}
    source = (records[-1].source, records[-1].organization) if records and not path.exists() else None
    forgotten = _forgotten(settings)
    with closing(warehouse.connect(path, source)) as con:
        repeats: dict[int, Repeats] = {}
        for index, record in enumerate(records):
            of_load = repeats.setdefault(record.load_number, Repeats())
            batch, said = of_load.without(_batch(settings, record, forgotten))
            load = loads.replayed_load(con, record.load_id, record.load_number, record.command, now)
            done = commit.commit_batch(
                con, load, record.window, batch, now, watermark=record.watermark, commit_number=record.commit_number
            )
            of_load.committed(said, done.merged, batch.rejects)
            last = index + 1 == len(records) or records[index + 1].load_number != record.load_number
            if last and path != settings.warehouse:
                record_missing(con, load)
            for name, counts in done.merged.items():
                merged[name] = merged.get(name, Merged()) + counts
            if record.window:
                logs, runs = done.merged["logs"].inserted, done.merged["runs"].inserted
                report(Step(index + 1, len(records), record.window, logs, runs))
    return merged


def _forgotten(settings: Settings) -> Forgotten | None:
    if not settings.warehouse.exists():
        return None
    with closing(warehouse.connect(settings.warehouse, None)) as con:
        return recall(con, settings.home)


def _batch(settings: Settings, record: WindowRecord, forgotten: Forgotten | None) -> Batch:
    """The pages of a record under the policy in force, which need not be the one they were loaded with."""
    raw, policy = settings.raw, policy_of(settings)
    receipt = Receipt(
        raw,
        record.load_number,
        policy,
        record.window,
        lambda: 0,
        referenced_only=record.command != "nightly",
        forgotten=forgotten,
    )
    for page in record.pages:
        receipt.take_landed(page, landing.read_body(raw, page))
    return receipt.batch(logs=record.logs_covered, runs=record.runs_covered)


def _touches(window: Window | None, start: datetime | None, end: datetime | None) -> bool:
    if window is None:
        return False
    return (end is None or window.start < end) and (start is None or window.end > start)
