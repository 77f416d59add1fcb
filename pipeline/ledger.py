"""What was committed and what that covers: the ledger's windows and watermark, and what is stored of given runs.

In: a connection of `warehouse.connect` and plain values. Out: plain values. `window_failed` is a transaction of its
own; the other writes belong to the commit of a window.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline import windows
from pipeline.loads import Load
from pipeline.statements import sql_text
from pipeline.values import Batch, Window
from pipeline.warehouse import given, transaction

Span = tuple[datetime, datetime]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NIGHTLY = "nightly"


def watermark(con: Connection) -> datetime | None:
    """Up to where the nightly has read logs without a break; None before the first night."""
    rows = con.execute("SELECT value FROM warehouse.ledger.watermarks WHERE name = $name", {"name": NIGHTLY}).fetchall()
    return rows[0][0].astimezone(UTC) if rows else None


def first_night(con: Connection) -> datetime | None:
    """Where the first night began, while none has ended well; None otherwise, and before it."""
    rows = con.execute(
        "SELECT min(w.start_at) AS first FROM warehouse.ledger.windows AS w "
        "WHERE w.command = $name AND NOT EXISTS (FROM warehouse.ledger.watermarks AS m WHERE m.name = $name)",
        {"name": NIGHTLY},
    ).fetchall()
    return rows[0][0].astimezone(UTC) if rows[0][0] else None


def set_watermark(con: Connection, load: Load, value: datetime, now: datetime) -> None:
    """Move the watermark forward; it never moves back."""
    old = watermark(con)
    if old is not None and old >= value:
        return
    con.execute("DELETE FROM warehouse.ledger.watermarks WHERE name = $name", {"name": NIGHTLY})
    con.execute(
        "INSERT INTO warehouse.ledger.watermarks (name, value, load_id, moved_at) VALUES (?, ?, ?, ?)",
        [NIGHTLY, value, load.load_id, now],
    )


def record_window(
    con: Connection, load: Load, commit_number: int, window: Window | None, batch: Batch, now: datetime
) -> None:
    """Enter one commit and what it covers; a commit that is replayed replaces its row."""
    con.execute(
        "DELETE FROM warehouse.ledger.windows WHERE load_number = $load AND commit_number = $commit",
        {"load": load.number, "commit": commit_number},
    )
    _enter_window(con, load, commit_number, window, (*_span(batch.logs_covered), *_span(batch.runs_covered)), None, now)


def window_failed(con: Connection, load: Load, window: Window, message: str, now: datetime) -> None:
    """Enter an attempt that was rolled back."""
    with transaction(con):
        _enter_window(con, load, None, window, (None, None, None, None), message, now)


def _enter_window(
    con: Connection,
    load: Load,
    commit_number: int | None,
    window: Window | None,
    covered: tuple[datetime | None, ...],
    message: str | None,
    now: datetime,
) -> None:
    row = {
        "load_id": load.load_id,
        "load_number": load.number,
        "commit_number": commit_number,
        "start_at": window and window.start,
        "end_at": window and window.end,
        "logs": bool(window and window.logs),
        "runs": bool(window and window.runs),
        **dict(zip(("logs_from", "logs_to", "runs_from", "runs_to"), covered, strict=True)),
        "status": "done" if message is None else "failed",
        "message": message,
        "committed_at": now,
    }
    # What is not there is left out: each value that is handed over costs as much as a small statement.
    told = {name: value for name, value in row.items() if value is not None}
    con.execute(
        f"INSERT INTO warehouse.ledger.windows BY NAME SELECT {', '.join(f'${name} AS {name}' for name in told)}, "
        "(SELECT any_value(l.command) FROM warehouse.ledger.loads AS l WHERE l.load_id = $load_id) AS command",
        told,
    )


def _span(window: Window | None) -> tuple[datetime | None, datetime | None]:
    return (window.start, window.end) if window else (None, None)


def covered(con: Connection, kind: str) -> list[Span]:
    """The spans over which logs (by timestamp) or runs (by created_at) were read whole; kind: logs or runs."""
    if kind not in {"logs", "runs"}:
        raise ValueError(kind)
    # As numbers: there is a row for each window of every night, and to hand out a time costs many times more.
    rows: list[tuple[int, int]] = con.execute(
        f"SELECT epoch_us({kind}_from), epoch_us({kind}_to) FROM warehouse.ledger.windows "
        f"WHERE status = 'done' AND {kind}_from IS NOT NULL"
    ).fetchall()
    return [(_moment(start), _moment(end)) for start, end in windows.merged(rows)]


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def window_done(con: Connection, window: Window) -> bool:
    """Whether everything that the window asks for was read."""
    kinds = [kind for kind in ("logs", "runs") if getattr(window, kind)]
    return not any(windows.gaps(covered(con, kind), window.start, window.end) for kind in kinds)


def commits(con: Connection) -> set[tuple[int, int]]:
    """(load number, commit number) of everything that was committed."""
    return set(
        con.execute(
            "SELECT load_number, commit_number FROM warehouse.ledger.windows WHERE commit_number IS NOT NULL"
        ).fetchall()
    )


def committed(con: Connection, load_number: int, commit_number: int) -> bool:
    """Whether this commit happened."""
    found = con.execute(
        "SELECT 1 AS one FROM warehouse.ledger.windows WHERE load_number = $load AND commit_number = $commit",
        {"load": load_number, "commit": commit_number},
    )
    return bool(found.fetchall())


def run_ids_created_in(con: Connection, window: Window) -> set[str]:
    """Stored runs that were created in the window and are not known to be gone."""
    rows = con.execute(
        "SELECT id::VARCHAR AS id FROM warehouse.main.runs "
        "WHERE created_at >= $start AND created_at < $end AND _gone_at IS NULL",
        {"start": window.start, "end": window.end},
    ).fetchall()
    return {row[0] for row in rows}


def runs_with_all_node_runs(con: Connection, ids: list[str]) -> set[str]:
    """Those of the runs that have ended and whose node runs are all stored."""
    with given(con, "given_ids", pa.table({"id": pa.array(ids, pa.string())})):
        rows = con.execute(sql_text("ledger/runs_with_all_node_runs.sql")).fetchall()
    return {row[0] for row in rows}
