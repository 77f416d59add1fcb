"""What the ledger keeps until it is settled: open runs, rejects, and partitions to publish.

In: a connection of `warehouse.connect` and plain values. Out: plain values. The writes belong to the caller's
transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

import msgspec
import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline.canonical import canonical_of, value_of
from pipeline.ledger_tables import LEDGER
from pipeline.loads import Load
from pipeline.statements import sql_text
from pipeline.values import Reject
from pipeline.warehouse import given

IDENTITY_DIGITS = 16
REJECTS = {column.name: column.type for column in LEDGER["rejects"].columns}
INSIDE = {"log": ("run",), "run": ("node_runs", "logs", "flow", "model"), "model": ("pricing",)}
Partition = tuple[str, str]


def open_runs_due(con: Connection, now: datetime, before: datetime) -> list[str]:
    """Runs created before the moment that have not ended and are due to be read again."""
    rows = con.execute(sql_text("ledger/open_runs_due.sql"), {"now": now, "before": before}).fetchall()
    return [row[0] for row in rows]


def refresh_open_runs(con: Connection, touched: str, now: datetime) -> None:
    """Bring the open runs up to date with the merged runs.

    touched: name of a temporary table whose column `id` holds every run that was read, gone ones too.
    """
    were_open = (
        f"SELECT o.run_id FROM warehouse.ledger.open_runs AS o WHERE o.run_id IN (SELECT t.id FROM {touched} AS t)"
    )
    if con.execute(f"{were_open} LIMIT 1").fetchall():
        con.execute(
            "UPDATE warehouse.ledger.open_runs SET last_read_at = $now, reads = reads + 1 "
            f"WHERE run_id IN (SELECT t.id FROM {touched} AS t)",
            {"now": now},
        )
        con.execute(
            "DELETE FROM warehouse.ledger.open_runs WHERE run_id IN ("
            f"SELECT r.id FROM warehouse.main.runs AS r WHERE r.id IN ({were_open}) "
            "AND (r._terminal OR r._gone_at IS NOT NULL))"
        )
    con.execute(
        "INSERT INTO warehouse.ledger.open_runs (run_id, created_at, first_seen_at, last_read_at, reads) "
        "SELECT r.id, r.created_at, $now, $now, 1 FROM warehouse.main.runs AS r "
        f"WHERE r.id IN (SELECT t.id FROM {touched} AS t) AND NOT coalesce(r._terminal, false) AND r._gone_at IS NULL "
        "AND r.id NOT IN (SELECT o.run_id FROM warehouse.ledger.open_runs AS o)",
        {"now": now},
    )


def reject_id(reject: Reject) -> str:
    """The identity of a poison row: the same however often, and at whatever position, it is read."""
    place = re.sub(r"\d+", "", reject.path)
    told = "\x1f".join((reject.object, reject.row_id or _own(reject), place))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:IDENTITY_DIGITS]


def _own(reject: Reject) -> str:
    """What an object without an id says of itself; what came inside it differs from list to list, and changes."""
    try:
        value = value_of(reject.raw.encode())
        if isinstance(value, dict):
            inside = INSIDE.get(reject.object, ())
            return canonical_of({key: held for key, held in value.items() if key not in inside}) or ""
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    return reject.raw


def record_rejects(con: Connection, load: Load, rejects: tuple[Reject, ...], now: datetime) -> int:
    """Enter what was set aside, one row per poison row; returns how many are open that were not.

    Comes after `close_rejects`: a row of which this very commit holds a good copy and a bad one stays open.
    A discarded one stays discarded. An observation that is known already counts once.
    """
    if not rejects:
        return 0
    with given(con, "given_rejects", _one_each(rejects)):
        con.execute(f"CREATE OR REPLACE TEMP TABLE staged_rejects AS {sql_text('ledger/staged_rejects.sql')}")
    con.execute(
        "UPDATE warehouse.ledger.rejects AS r SET path = s.path, reason = s.reason, raw = s.raw, request = s.request, "
        "sha256 = s.sha256, observation = s.observation, last_seen_at = s.last_seen_at, times = r.times + s.times, "
        "load_id = $load, recorded_at = $now, "
        "resolved_at = CASE WHEN r.status = 'discarded' THEN r.resolved_at END, "
        "status = CASE WHEN r.status = 'discarded' THEN r.status ELSE 'open' END "
        "FROM staged_rejects AS s WHERE r.reject_id = s.reject_id",
        {"load": load.load_id, "now": now},
    )
    con.execute(
        "INSERT INTO warehouse.ledger.rejects BY NAME SELECT s.* EXCLUDE (seen_before, status_before), "
        "$load AS load_id, $now AS recorded_at, 'open' AS status FROM staged_rejects AS s WHERE s.seen_before IS NULL",
        {"load": load.load_id, "now": now},
    )
    new = con.execute(
        "SELECT count(*) AS new FROM staged_rejects WHERE seen_before IS NULL OR status_before = 'loaded'"
    ).fetchall()
    con.execute("DROP TABLE staged_rejects")
    return int(new[0][0])


def _one_each(rejects: Iterable[Reject]) -> pa.Table:
    """One row per identity: the newest sighting, and how many there were."""
    sightings: dict[str, dict[int, Reject]] = {}
    for reject in rejects:
        sightings.setdefault(reject_id(reject), {})[reject.observation] = reject
    newest = [seen[max(seen)] for seen in sightings.values()]
    received = [[reject.fetched_at for reject in seen.values()] for seen in sightings.values()]
    taken = ("object", "row_id", "path", "reason", "raw", "request", "sha256", "observation")
    columns = {
        "reject_id": list(sightings),
        **{name: [getattr(reject, name) for reject in newest] for name in taken},
        "first_seen_at": [min(times) for times in received],
        "last_seen_at": [max(times) for times in received],
        "times": [len(times) for times in received],
    }
    return pa.table({name: pa.array(values, REJECTS[name]) for name, values in columns.items()})


def kinds_of_open_rejects(con: Connection) -> list[str]:
    """The kinds of object of which something is in quarantine."""
    rows = con.execute("SELECT DISTINCT object FROM warehouse.ledger.rejects WHERE status = 'open'").fetchall()
    return [row[0] for row in rows]


def close_rejects(con: Connection, object: str, ids_table: str, now: datetime) -> None:
    """Rejects of which a copy has now been loaded that is no older than the bad one.

    ids_table: a temporary table of the rows read, with `id` and `_observation`.
    """
    con.execute(
        "UPDATE warehouse.ledger.rejects AS r SET status = 'loaded', resolved_at = $now FROM ("
        f"SELECT t.id::VARCHAR AS id, max(t._observation) AS newest FROM {ids_table} AS t GROUP BY ALL) AS s "
        "WHERE r.object = $object AND r.status = 'open' AND r.row_id = s.id AND s.newest >= r.observation",
        {"now": now, "object": object},
    )


def dirty_partitions(con: Connection) -> list[Partition]:
    """(table, partition) of everything that changed since it was last published."""
    return con.execute(
        "SELECT DISTINCT table_name, partition FROM warehouse.ledger.dirty_partitions ORDER BY table_name, partition"
    ).fetchall()


def mark_dirty(con: Connection, table: str, partitions: Iterable[str]) -> None:
    """These partitions of the table are to be published. partition: a day, unknown, or all."""
    mark_partitions(con, [(table, partition) for partition in partitions])


def mark_partitions(con: Connection, entries: Iterable[Partition]) -> None:
    """The same for several tables at once."""
    pairs = list(entries)
    if pairs:
        con.execute(
            "INSERT INTO warehouse.ledger.dirty_partitions (table_name, partition) "
            "SELECT DISTINCT unnest($tables::VARCHAR[]) AS table_name, unnest($days::VARCHAR[]) AS day "
            "EXCEPT SELECT d.table_name, d.partition FROM warehouse.ledger.dirty_partitions AS d",
            {"tables": [table for table, _ in pairs], "days": [day for _, day in pairs]},
        )


def mark_touched(con: Connection, days: Iterable[str]) -> None:
    """The runs of these days are to be compared with the source's totals again."""
    con.execute(
        "INSERT INTO warehouse.ledger.touched_days (day) SELECT DISTINCT unnest($days::VARCHAR[]) AS day "
        "EXCEPT SELECT t.day FROM warehouse.ledger.touched_days AS t",
        {"days": list(days)},
    )


def clear_dirty(con: Connection, entries: Iterable[Partition]) -> None:
    """These were published."""
    pairs = list(entries)
    con.execute(
        "DELETE FROM warehouse.ledger.dirty_partitions AS d USING ("
        "SELECT unnest($tables::VARCHAR[]) AS table_name, unnest($days::VARCHAR[]) AS day) AS p "
        "WHERE d.table_name = p.table_name AND d.partition = p.day",
        {"tables": [table for table, _ in pairs], "days": [day for _, day in pairs]},
    )
