"""One commit: a batch with its ledger row, coverage, watermark, history, rejects and dirty partitions, or none of it.

In: a batch of Arrow tables. Out: what the merge did and what a person should know. Everything happens in one
transaction; any error, a failing check included, rolls all of it back. Source: design, section 4.5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from pipeline import ledger, moments, outstanding
from pipeline.check import run_checks
from pipeline.day import Comparison
from pipeline.drift import keep_drift, line
from pipeline.errors import CheckFailed, TooManyRejects
from pipeline.history import keep_versions, mark_gone_runs
from pipeline.loads import Load
from pipeline.merge import merge
from pipeline.reconcile import compare
from pipeline.stage import stage
from pipeline.tables import TABLES, Table
from pipeline.values import Batch, Finding, Merged, Window
from pipeline.warehouse import MANY_ROWS, transaction
from pipeline.written import clear, gather_written

Connection = duckdb.DuckDBPyConnection

# More bad rows than good ones is a change at the source, not bad luck; a few bad rows in a quiet night are bad luck.
FEWEST_REJECTS = 5
OBJECTS = {
    "log": "logs", "run": "runs", "node_run": "node_runs", "flow": "flows", "model": "models", "pricing": "pricing",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit did, per table, and what was noticed. drift: what no commit before it saw, a line each."""

    merged: dict[str, Merged]
    findings: list[Finding]
    comparisons: list[Comparison]
    drift: list[str]


def commit_batch(
    con: Connection,
    load: Load,
    window: Window | None,
    batch: Batch,
    now: datetime,
    *,
    watermark: datetime | None,
    commit_number: int,
) -> Committed:
    """Commit one batch. CheckFailed or TooManyRejects when it must not go in; then nothing of it did."""
    if window is not None:
        _break_off(batch)
    try:
        clear(con, [table.name for table in _staged(batch)])
        for table in _staged(batch):
            stage(con, table, batch.tables[table.name])
        moments.reached("staged")
        with transaction(con):
            done = _write(con, load, window, batch, now, watermark=watermark, commit_number=commit_number)
            moments.reached("before-commit")
    finally:
        if sum(rows.num_rows for rows in batch.tables.values()) > MANY_ROWS:
            # They would stay in memory while the next batch is fetched. A lost connection has nothing to clear.
            with suppress(duckdb.Error):
                clear(con)
    moments.reached("after-commit")
    return done


def _write(
    con: Connection,
    load: Load,
    window: Window | None,
    batch: Batch,
    now: datetime,
    *,
    watermark: datetime | None,
    commit_number: int,
) -> Committed:
    """Everything that happens inside the transaction, once the batch is staged."""
    merged = {name: Merged() for name in TABLES}
    merged |= {table.name: merge(con, table, load.load_id, now) for table in _staged(batch)}
    merged["runs"] += Merged(updated=mark_gone_runs(con, batch.gone_runs, load.load_id, now))
    for table in _seen(batch):
        if table.history:
            complete = batch.complete_pricing if table.name == "pricing" else None
            merged[table.name] += Merged(removed=keep_versions(con, table, load.load_id, now, complete))
    changed = _mark_dirty(con, _seen(batch))
    findings = _keep_books(con, load, batch, now)
    comparisons = compare(con, load, batch.totals, now)
    drift = [line(each) for each in keep_drift(con, load, commit_number, batch)]
    ledger.record_window(con, load, commit_number, window, batch, now)
    if watermark is not None:
        ledger.set_watermark(con, load, watermark, now)
    gather_written(con, load.load_id, changed)
    filled = {f"stage_{table.name}" for table in _staged(batch)}
    filled |= {f"{kind}_{name}" for kind in ("changed", "written") for name in changed}
    broken = run_checks(con, "fail", load.load_id, filled)
    if broken:
        raise CheckFailed("; ".join(f"{found.check}: {found.detail}" for found in broken))
    findings += run_checks(con, "warn", load.load_id, filled)
    return Committed(merged, findings, comparisons, drift)


def _staged(batch: Batch) -> list[Table]:
    return [table for name, table in TABLES.items() if batch.tables[name].num_rows]


def _seen(batch: Batch) -> list[Table]:
    """The tables of which this batch says anything; few batches have something of each."""
    without_rows = {"runs": batch.gone_runs, "pricing": batch.complete_pricing}
    return [table for name, table in TABLES.items() if batch.tables[name].num_rows or without_rows.get(name)]


def _break_off(batch: Batch) -> None:
    """TooManyRejects when more than half of a table's rows are bad: the watermark must not move over that.

    Only where there is something to move over: flows, models and prices are read whole again every night.
    """
    bad = Counter(OBJECTS[kind] for kind, _ in {(r.object, r.row_id or r.raw) for r in batch.rejects})
    for name, rejected in bad.items():
        if TABLES[name].day is None:
            continue
        loaded = _ids(batch.tables[name])
        if rejected > loaded and rejected >= FEWEST_REJECTS:
            first = next(reject for reject in batch.rejects if OBJECTS[reject.object] == name)
            raise TooManyRejects(
                f"{rejected} of {rejected + loaded} {name} could not be read, the first at `{first.path}`: "
                f"{first.reason}. "
                "The window was rolled back and is read again by the next run. If the API has changed for good, "
                "Flowledger must be upgraded; the pages are kept in raw/."
            )


def _ids(rows: pa.Table) -> int:
    """How many different ids the rows have; Arrow cannot count UUIDs, only their bytes."""
    return len({each for chunk in rows["id"].chunks for each in chunk.storage.to_pylist()})


def _keep_books(con: Connection, load: Load, batch: Batch, now: datetime) -> list[Finding]:
    """Open runs and rejects, as this batch leaves them; new rejects are a finding."""
    if batch.tables["runs"].num_rows or batch.gone_runs:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE touched_runs AS SELECT DISTINCT id FROM stage_runs "
            "UNION SELECT unnest($gone::UUID[]) AS id",
            {"gone": list(batch.gone_runs)},
        )
        outstanding.refresh_open_runs(con, "touched_runs", now)
    for kind in outstanding.kinds_of_open_rejects(con):
        outstanding.close_rejects(con, kind, f"stage_{OBJECTS[kind]}", now)
    fresh = outstanding.record_rejects(con, load, batch.rejects, now)
    if not fresh:
        return []
    told = f"{fresh} rows could not be read and are in quarantine; see `flowledger rejects list`"
    return [Finding("rejected_rows", "warn", told, fresh)]


def _mark_dirty(con: Connection, tables: Iterable[Table]) -> list[str]:
    """The old day and the new day of every changed row are to be published again; returns which tables have such."""
    dirty: dict[str, list[str]] = {}
    for table in tables:
        days = con.execute(
            f"SELECT DISTINCT coalesce(unnest(CASE c.action WHEN 'update' THEN [c.old_day, c.new_day] "
            f"ELSE [c.new_day] END)::VARCHAR, 'unknown') AS day FROM changed_{table.name} AS c"
        ).fetchall()
        if days:
            dirty[table.name] = [day for (day,) in days] if table.day else ["all"]
    outstanding.mark_partitions(con, [(name, day) for name, days in dirty.items() for day in days])
    if "runs" in dirty:
        outstanding.mark_touched(con, [day for day in dirty["runs"] if day != "unknown"])
    return list(dirty)
