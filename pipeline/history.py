"""What the tables keep of the past: versions of tracked columns (SCD2), and marks of rows that the source dropped.

Part of the transaction of a commit, after the merge. In: `stage_<table>`, `changed_<table>` and the merged tables. Out:
rows of `<table>_history` and of `ledger.<table>_sightings` that they are made of, marks in `runs._gone_at` and
`pricing._removed_at`; rows whose history or mark changed are added to `changed_*`. The rule is in `versions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.digest import digest_of
from pipeline.ledger_tables import SIGHTINGS
from pipeline.looks import MISSING, Look, Span, missing_span
from pipeline.schema import history_columns
from pipeline.statements import sql_text
from pipeline.tables import TIME, UUID, Column, Table
from pipeline.versions import History, Version, history_of
from pipeline.warehouse import given

Connection = duckdb.DuckDBPyConnection

ENDS = ("disabled_at", "deleted_at")
REMOVED = "_removed_at"


def keep_versions(
    con: Connection, table: Table, load_id: str, now: datetime, complete: Mapping[str, datetime] | None = None
) -> int:
    """Bring the history of every row that this batch saw up to date; returns how many were newly marked as removed.

    complete: model id -> when a complete list of its price rules was received; only for prices. Most looks repeat what
    is known and only extend it, in SQL; the rows of which something new was seen are folded anew.
    """
    names = _names(table)
    _run(con, "sighted", names)
    if complete:
        lists = pa.table({"model_id": list(complete), "read_at": pa.array(list(complete.values()), TIME)})
        with given(con, "given_complete", lists):
            for step in ("missing_pricing", "listed", "same_lists", "new_lists"):
                _run(con, step, names)
    elif not _any(con, f"sighted_{table.name}"):
        return 0
    _run(con, "unsettled", names)
    _run(con, "extend", names)
    if not _any(con, f"unsettled_history_{table.name}"):
        return 0
    if REMOVED in table.schema.names:
        _run(con, "missed_pricing", names)
    return fold_again(con, table, load_id, now)


def fold_again(con: Connection, table: Table, load_id: str, now: datetime) -> int:
    """Make the versions of the rows in `unsettled_history_<table>` anew; returns how many were newly removed."""
    names = _names(table)
    histories = {key: history_of(spans, names["ends"].split()) for key, spans in _looks(con, table, names).items()}
    _store_sightings(con, table, histories)
    _store_versions(con, table, names, histories, load_id)
    return _store_marks(con, histories, load_id, now) if REMOVED in table.schema.names else 0


def mark_gone_runs(con: Connection, gone: dict[str, datetime], load_id: str, now: datetime) -> int:
    """Mark stored runs that the API answered 404 for; returns how many were not marked before. Their spend stays.

    gone: run id -> when the API said so.
    """
    if not gone:
        return 0
    rows = pa.table({"id": list(gone), "gone_at": pa.array(list(gone.values()), TIME)})
    with given(con, "given_gone", rows):
        con.execute(sql_text("history/gone_runs.sql"))
    con.execute(
        "UPDATE warehouse.main.runs AS r SET _gone_at = g.gone_at, _loaded_at = $now, _load_id = $load "
        "FROM gone_now AS g WHERE r.id = g.id",
        {"now": now, "load": load_id},
    )
    return _also_changed(con, "runs", "SELECT g.id, 'update' AS action, g.day, g.day FROM gone_now AS g")


def _names(table: Table) -> dict[str, str]:
    """What the placeholders of `sql/history` stand for."""
    tracked = [column for column in table.columns if column.tracked]
    bits = sum(1 << bit for bit, column in enumerate(table.columns) if column.tracked)
    mask = f"(s._absent & {bits})"
    said = f"concat_ws('/', {digest_of(tracked, 's')}, {mask}, s.updated_at IS NULL)"
    return {
        "table": table.name,
        "tracked": ", ".join(f's."{column.name}"' for column in tracked),
        "mask": mask,
        "said": f"md5({said})",
        "versions": digest_of(tracked, "v"),
        "columns": ", ".join(f'v."{column.name}"' for column in tracked),
        "ends": " ".join(name for name in ENDS if name in table.names),
    }


def said_by_sighting(table: Table) -> str:
    """The digest of a stored sighting `s`, as `said` makes it of a look."""
    tracked = [column for column in table.columns if column.tracked]
    return f"md5(concat_ws('/', {digest_of(tracked, 's')}, s._absent, NOT s._dated))"


def _looks(con: Connection, table: Table, names: dict[str, str]) -> dict[Any, list[Span]]:
    """Everything that was ever seen of the rows of which this batch saw something new."""
    cursor = con.execute(sql_text("history/looks.sql").format(**names))
    keys = [column[0] for column in cursor.description or ()]
    tracked = [(1 << bit, column.name) for bit, column in enumerate(table.columns) if column.tracked]
    found: dict[Any, list[Span]] = {}
    for values in cursor.fetchall():
        row = dict(zip(keys, values, strict=True))
        found.setdefault(row["id"], []).append(_span(row, tracked))
    return found


def _span(row: dict[str, Any], tracked: Sequence[tuple[int, str]]) -> Span:
    if row["_missing"]:
        return missing_span(row["_first_seen_at"], row["_last_seen_at"], is_open=row["_open"])
    first, last = (
        Look(row[f"_{end}_updated_at"], row[f"_{end}_observation"], row[f"_{end}_seen_at"]) for end in ("first", "last")
    )
    known = {name: row[name] for bit, name in tracked if not row["_absent"] & bit}
    return Span(row["_digest"], known, row["created_at"], first, last, dated=row["_dated"], open=row["_open"])


def _store_sightings(con: Connection, table: Table, histories: Mapping[Any, History]) -> None:
    columns = SIGHTINGS[table.name].columns
    bits = {column.name: 1 << bit for bit, column in enumerate(table.columns) if column.tracked}
    rows = (_stored(key, span, bits) for key, history in histories.items() for span in history.spans)
    name = f"warehouse.ledger.{table.name}_sightings"
    con.execute(f"DELETE FROM {name} WHERE id IN (SELECT u.id FROM unsettled_history_{table.name} AS u)")
    with given(con, "given_sightings", _arrow(columns, rows)):
        con.execute(f"INSERT INTO {name} BY NAME SELECT g.* FROM given_sightings AS g")


def _stored(key: Any, span: Span, bits: Mapping[str, int]) -> dict[str, Any]:
    looks = {
        f"_{end}_{name}": getattr(look, name)
        for end, look in (("first", span.first), ("last", span.last))
        for name in Look.__slots__
    }
    return {
        "id": key,
        **span.known,
        "created_at": span.created_at,
        "_digest": span.digest,
        "_missing": span.digest == MISSING,
        "_absent": sum(bit for name, bit in bits.items() if name not in span.known),
        "_dated": span.dated,
        "_open": span.open,
        **looks,
    }


def _store_versions(
    con: Connection, table: Table, names: dict[str, str], histories: Mapping[Any, History], load_id: str
) -> None:
    """Write what differs from the stored versions, and nothing else."""
    rows = (_version(key, version) for key, history in histories.items() for version in history.versions)
    columns = [column for column in history_columns(table) if not column.name.startswith("_")]
    with given(con, "given_versions", _arrow(columns, rows)):
        _run(con, "versions", names)
    _run(con, "rewritten", names)
    for name in ("take_out", "close"):
        _run(con, name, names)
    con.execute(sql_text("history/append.sql").format(**names), {"load": load_id})
    _also_changed(con, table.name, f"SELECT r.id, 'update' AS action, NULL, NULL FROM rewritten_{table.name} AS r")


def _version(key: Any, version: Version) -> dict[str, Any]:
    own = {"id": key, "valid_from": version.valid_from, "valid_to": version.valid_to, "assumed": version.assumed}
    return {**version.state, **own}


def _store_marks(con: Connection, histories: Mapping[Any, History], load_id: str, now: datetime) -> int:
    """A price rule is marked with when it was first missing, for as long as it is."""
    since = pa.array([history.removed_at for history in histories.values()], TIME)
    with given(con, "given_marks", pa.table({"id": [str(key) for key in histories], "removed_at": since})):
        con.execute(sql_text("history/removed_pricing.sql"))
    con.execute(
        "UPDATE warehouse.main.pricing AS p SET _removed_at = r.removed_at, _loaded_at = $now, _load_id = $load "
        "FROM removed_now AS r WHERE p.id = r.id",
        {"now": now, "load": load_id},
    )
    _also_changed(con, "pricing", "SELECT r.id, 'update' AS action, NULL, NULL FROM removed_now AS r")
    marked = con.execute("SELECT count(*) AS marked FROM removed_now AS r WHERE r.is_new").fetchall()[0][0]
    return int(marked)


def _arrow(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """An Arrow table of these columns; what a row does not name is NULL."""
    rows = list(rows)
    arrays = []
    for column in columns:
        values = [row.get(column.name) for row in rows]
        if isinstance(column.type, pa.BaseExtensionType):
            plain = [value.bytes if column.type == UUID and value else value for value in values]
            storage = pa.array(plain, column.type.storage_type)
            arrays.append(pa.ExtensionArray.from_storage(column.type, storage))
        else:
            arrays.append(pa.array(values, column.type))
    return pa.Table.from_arrays(arrays, schema=pa.schema([(column.name, column.type) for column in columns]))


def _any(con: Connection, table: str) -> bool:
    return bool(con.execute(f"SELECT 1 AS one FROM {table} LIMIT 1").fetchall())


def _run(con: Connection, name: str, names: dict[str, str]) -> None:
    con.execute(sql_text(f"history/{name}.sql").format(**names))


def _also_changed(con: Connection, table: str, rows: str) -> int:
    """Add marked rows to what the merge changed; returns how many were marked."""
    marked = con.execute(f"SELECT count(*) AS marked FROM ({rows}) AS m").fetchall()[0][0]
    con.execute(
        f"INSERT INTO changed_{table} SELECT m.* FROM ({rows}) AS m WHERE m.id NOT IN "
        f"(SELECT c.id FROM changed_{table} AS c)"
    )
    return int(marked)
