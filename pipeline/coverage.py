"""What the warehouse knows about itself, gathered for those who may not open it. In: a connection. Out: `Loaded`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger, windows
from pipeline.proof import Proof, gather_proof
from pipeline.tables import TABLES

Span = tuple[datetime, datetime]
Row = TypeVar("Row")
NEWEST_DRIFT_FIRST = "first_seen_at DESC, table_name, path, kind, detail"
LAST_LOADS = 10
LAST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Coverage:
    """Spans that were read whole, and what lies unread between the first and the last of them."""

    spans: list[Span]
    gaps: list[Span]


@dataclass(frozen=True, slots=True)
class LoadRow:
    """One of the last loads."""

    load_id: str
    command: str
    status: str
    began_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    windows: int | None
    inserted: int | None
    updated: int | None
    rejected: int | None
    findings: int | None
    published: str | None
    privacy: str | None = None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding of the last load."""

    check_name: str
    severity: str
    detail: str
    rows: int


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One field or code that the declaration does not expect."""

    table_name: str
    path: str
    kind: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime | None = None
    sample_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class DayRow:
    """How one day compares with the source's totals."""

    day: str
    status: str
    runs_here: int | None
    runs_there: int | None
    spend_here: Decimal | None
    spend_there: Decimal | None
    explanation: str | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Loaded:
    """The state of the warehouse at one moment.

    rejects: open ones by kind of object. reconciliation: the newest state of the last days and of every other day
    that does not match.
    """

    written_at: datetime
    source_url: str
    organization: str | None
    watermark: datetime | None
    logs: Coverage
    runs: Coverage
    rows: dict[str, int]
    open_runs: int
    oldest_open_run: datetime | None
    rejects: dict[str, int]
    drift: list[DriftRow]
    loads: list[LoadRow]
    findings: list[FindingRow]
    reconciliation: list[DayRow]
    proof: Proof


def gather(con: Connection, now: datetime) -> Loaded:
    """Read all of it; costs a few counts and the ledger's small tables."""
    meta = dict(con.execute("SELECT name, value FROM warehouse.ledger.meta").fetchall())
    count, oldest = con.execute(
        "SELECT count(*) AS open, min(created_at) AS oldest FROM warehouse.ledger.open_runs"
    ).fetchall()[0]
    return Loaded(
        written_at=now,
        source_url=meta.get("source_url") or "",
        organization=meta.get("organization"),
        watermark=ledger.watermark(con),
        logs=_coverage(con, "logs"),
        runs=_coverage(con, "runs"),
        rows={name: _count(con, name) for name in TABLES},
        open_runs=count,
        oldest_open_run=_utc(oldest),
        rejects=dict(
            con.execute(
                "SELECT object, count(*) AS open FROM warehouse.ledger.rejects WHERE status = 'open' "
                "GROUP BY object ORDER BY object"
            ).fetchall()
        ),
        drift=_rows(con, DriftRow, f"FROM warehouse.ledger.drift ORDER BY {NEWEST_DRIFT_FIRST}"),
        loads=_rows(con, LoadRow, f"FROM warehouse.ledger.loads ORDER BY number DESC LIMIT {LAST_LOADS}"),
        findings=_rows(
            con,
            FindingRow,
            "FROM warehouse.ledger.findings WHERE load_id = (SELECT l.load_id FROM warehouse.ledger.loads AS l "
            "ORDER BY l.number DESC LIMIT 1) ORDER BY severity, check_name, detail",
        ),
        reconciliation=_rows(
            con,
            DayRow,
            "FROM (SELECT * FROM warehouse.ledger.reconciliation "
            "QUALIFY row_number() OVER (PARTITION BY day ORDER BY checked_at DESC) = 1) AS newest "
            "QUALIFY status NOT IN ('ok', 'healed') OR row_number() OVER (ORDER BY day DESC) "
            f"<= {LAST_DAYS} ORDER BY day DESC",
        ),
        proof=gather_proof(con, ledger.covered(con, "runs"), now),
    )


def _coverage(con: Connection, kind: str) -> Coverage:
    spans = ledger.covered(con, kind)
    return Coverage(spans, windows.gaps(spans, spans[0][0], spans[-1][1]) if spans else [])


def _count(con: Connection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) AS stored FROM warehouse.main.{table}").fetchall()[0][0])


def _rows(con: Connection, kind: type[Row], rest: str) -> list[Row]:
    """Rows as values; the names of the value's fields are the columns."""
    columns = ", ".join(f'"{name}"' for name in kind.__annotations__)
    return [kind(*map(_utc, row)) for row in con.execute(f"SELECT {columns} {rest}").fetchall()]


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
