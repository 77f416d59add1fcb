"""The ledger's loads: one row per command that writes, begun, finished, or found dead; and the findings of each.

In: a connection of `warehouse.connect` and plain values. Out: `Load`, which everything else in the ledger refers to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection as Connection

from pipeline.values import Finding, Merged, Outcome
from pipeline.warehouse import transaction

FAILED = 1
# Rows that were in quarantine before are not counted again, so what is told of rejected rows is news.
ALWAYS_NEW = {"rejected_rows"}


@dataclass(frozen=True, slots=True)
class Load:
    """One command that writes, as the ledger counts it."""

    load_id: str
    number: int


def begin_load(
    con: Connection, command: str, arguments: dict[str, str], now: datetime, privacy: str | None = None
) -> Load:
    """Enter a new load. One still marked as running is dead: the lease was free. privacy: the policy of its rows."""
    with transaction(con):
        con.execute(
            "UPDATE warehouse.ledger.loads SET status = 'interrupted', ended_at = $now WHERE status = 'running'",
            {"now": now},
        )
        last = con.execute("SELECT coalesce(max(number), 0) AS last FROM warehouse.ledger.loads").fetchall()
        number = int(last[0][0]) + 1
        load = Load(f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{number:06d}", number)
        _enter(con, load, command, arguments, now, "running", privacy)
    return load


def replayed_load(
    con: Connection, load_id: str, number: int, command: str, now: datetime, privacy: str | None = None
) -> Load:
    """The load that a landed record belongs to, entered if the ledger does not have it."""
    load = Load(load_id, number)
    with transaction(con):
        known = con.execute("SELECT 1 AS one FROM warehouse.ledger.loads WHERE load_id = $id", {"id": load_id})
        if not known.fetchall():
            _enter(con, load, command, {}, now, "done", privacy)
    return load


def note_privacy(con: Connection, load_ids: Iterable[str] | None, privacy: str) -> None:
    """The rows of these loads follow this policy from now on: they were replayed. None: those of every load."""
    with transaction(con):
        con.execute(
            "UPDATE warehouse.ledger.loads SET privacy = $privacy "
            "WHERE $ids IS NULL OR list_contains($ids::VARCHAR[], load_id)",
            {"privacy": privacy, "ids": None if load_ids is None else list(load_ids)},
        )


def _enter(
    con: Connection,
    load: Load,
    command: str,
    arguments: dict[str, str],
    now: datetime,
    status: str,
    privacy: str | None,
) -> None:
    con.execute(
        "INSERT INTO warehouse.ledger.loads (load_id, number, command, arguments, began_at, ended_at, status, "
        "privacy) VALUES ($id, $number, $command, $arguments, $now, $ended, $status, $privacy)",
        {
            "id": load.load_id,
            "number": load.number,
            "command": command,
            "arguments": json.dumps(arguments, sort_keys=True),
            "now": now,
            "ended": None if status == "running" else now,
            "status": status,
            "privacy": privacy,
        },
    )


def finish_load(con: Connection, load: Load, outcome: Outcome, now: datetime) -> None:
    """Close the load with what the command did; its findings are those of the outcome."""
    total = sum(outcome.merged.values(), Merged())
    counted = {
        "ended_at": now,
        "status": "failed" if outcome.exit_code == FAILED else "done",
        "exit_code": outcome.exit_code,
        "windows": outcome.windows,
        "requests": outcome.requests,
        "retries": outcome.retries,
        "wire_bytes": outcome.wire_bytes,
        "inserted": total.inserted,
        "updated": total.updated,
        "unchanged": total.unchanged,
        "removed": total.removed,
        "rejected": outcome.rejected,
        "findings": len(outcome.findings),
        "published": outcome.published,
    }
    assigned = ", ".join(f"{name} = ${name}" for name in counted)
    with transaction(con):
        con.execute(
            f"UPDATE warehouse.ledger.loads SET {assigned} WHERE load_id = $load_id",
            {**counted, "load_id": load.load_id},
        )
        con.execute("DELETE FROM warehouse.ledger.findings WHERE load_id = $id", {"id": load.load_id})
        record_findings(con, load, outcome.findings, now)


def new_findings(con: Connection, load: Load, findings: Sequence[Finding]) -> list[Finding]:
    """Those that no earlier load has told in the same words: what does not change is told each time, but is no news."""
    known = set(
        con.execute(
            "SELECT DISTINCT check_name, detail FROM warehouse.ledger.findings WHERE load_id <> $id",
            {"id": load.load_id},
        ).fetchall()
    )
    return [found for found in findings if found.check in ALWAYS_NEW or (found.check, found.detail) not in known]


def record_findings(con: Connection, load: Load, findings: Sequence[Finding], now: datetime) -> None:
    """Enter findings of the load."""
    rows = [(load.load_id, f.check, f.severity, f.detail, f.rows, now) for f in findings]
    if rows:
        con.executemany(
            "INSERT INTO warehouse.ledger.findings (load_id, check_name, severity, detail, rows, found_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
