"""Keeps the drift of the source in the ledger: fields that are unknown, missing or of another type, and new codes.

Drift is told and stops nothing (ADR 18). In: a connection of `warehouse.connect` and plain values. Out: what the ledger
did not know before. `record_missing` is a transaction of its own; the other writes belong to the commit of a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger
from pipeline.codes import FEWEST_ROWS, keep_codes
from pipeline.ledger_tables import LEDGER
from pipeline.loads import Load
from pipeline.statements import sql_text
from pipeline.tables import TABLES
from pipeline.values import Batch, Drift
from pipeline.warehouse import given, transaction

# Keys that are ids would fill the ledger: beyond this many of a table and kind they are one row.
MOST_PATHS = 200
TOO_MANY = f"more than {MOST_PATHS} of them"
OTHERS = "*"
# Of these every detail is a row of its own.
BY_DETAIL = {"type", "code"}
COLUMNS = {column.name: column.type for column in LEDGER["drift"].columns}
FIELDS = {column.name: column.type for column in LEDGER["fields"].columns}

Key = tuple[str, str, str, str | None]


def keep_drift(con: Connection, load: Load, commit_number: int, batch: Batch) -> list[Drift]:
    """Enter what a commit shows; returns what is new. Comes before the commit's row in `ledger.windows`.

    A commit that has that row is replayed: it enters what is new, and counts nothing twice.
    """
    again = ledger.committed(con, load.number, commit_number)
    _keep_fields(con, load, commit_number, batch, again=again)
    new_codes, known_codes = keep_codes(con, load, batch.tables, again=again)
    return record(con, [*batch.drift, *new_codes], known_codes, again=again)


def record(
    con: Connection, drift: Sequence[Drift], counted: Iterable[Drift] = (), *, again: bool = False
) -> list[Drift]:
    """Enter drift, and of what is `counted` that which is in the ledger already; returns what is new."""
    there = con.execute("SELECT table_name, path, kind, detail FROM warehouse.ledger.drift").fetchall()
    stored = {_place(table, path, kind, detail): detail for table, path, kind, detail in there}
    folded = _folded([*drift, *(each for each in counted if _key(each) in stored)], stored)
    new = [each for key, each in folded.items() if key not in stored]
    known = [each for key, each in folded.items() if key in stored]
    if new:
        with given(con, "given_drift", _rows(new)):
            con.execute("INSERT INTO warehouse.ledger.drift BY NAME SELECT g.* FROM given_drift AS g")
    if known and not again:
        with given(con, "given_drift", _rows(known)):
            con.execute(sql_text("ledger/drift_again.sql"))
    return new


def record_missing(con: Connection, load: Load) -> list[Drift]:
    """Enter the fields that no row of the load had, though earlier loads of its command saw them; returns what is new.

    For a load that has read everything: what a part of it lacks the rest may bring.
    """
    asked = {"load": load.number, "fewest": FEWEST_ROWS}
    tables = con.execute(sql_text("ledger/fields_of_load.sql"), asked).fetchall()
    missing = []
    for table, carried, before, rows, read_at, sample in tables:
        gone = before & ~carried
        missing += [
            Drift(table, name, "missing", sample, rows, read_at, read_at)
            for bit, name in enumerate(TABLES[table].names)
            if gone >> bit & 1
        ]
    if not missing:
        return []
    with transaction(con):
        return record(con, missing)


def line(each: Drift) -> str:
    """What is told of it when it is new."""
    sample = f", e.g. {each.sample_id}" if each.sample_id else ""
    return f"{told(each.table, each.path, each.kind, each.detail)}{sample}"


def told(table: str, path: str, kind: str, detail: str | None) -> str:
    """One line: `runs: unknown planet (string)`, `runs: missing batch_id`, `logs: code level_code: fatal`."""
    place = path or "(the object itself)"
    if detail is None:
        return f"{table}: {kind} {place}"
    return f"{table}: {kind} {place}: {detail}" if kind in BY_DETAIL else f"{table}: {kind} {place} ({detail})"


def _key(each: Drift) -> Key:
    return _place(each.table, each.path, each.kind, each.detail)


def _place(table: str, path: str, kind: str, detail: str | None) -> Key:
    return table, path, kind, detail if kind in BY_DETAIL else None


def _folded(drift: Iterable[Drift], stored: dict[Key, str | None]) -> dict[Key, Drift]:
    """One per row of the ledger."""
    types = {key: detail for key, detail in stored.items() if key[2] == "unknown"}
    room = Counter((table, kind) for table, _, kind, _ in stored)
    folded: dict[Key, Drift] = {}
    for each in (typed for sighting in drift for typed in _typed(sighting, types)):
        key, kept = _key(each), each
        if key not in stored and key not in folded:
            room[each.table, each.kind] += 1
            # The codes of a column have their own bound.
            if each.kind != "code" and room[each.table, each.kind] > MOST_PATHS:
                kept = replace(each, path=OTHERS, detail=TOO_MANY)
                key = _key(kept)
        folded[key] = _together(folded[key], kept) if key in folded else kept
    return folded


def _typed(each: Drift, types: dict[Key, str | None]) -> Iterator[Drift]:
    """The sighting; and one more when an unknown field came as another type than it first had. Null is no type."""
    if each.kind != "unknown":
        yield each
        return
    key = _key(each)
    types[key] = first = types.get(key) or each.detail
    yield replace(each, detail=first)
    if each.detail not in {None, first}:
        yield replace(each, kind="type", detail=f"{each.detail} instead of {first}")


def _together(one: Drift, other: Drift) -> Drift:
    return replace(
        one,
        sample_id=one.sample_id or other.sample_id,
        count=one.count + other.count,
        first_seen_at=min(one.first_seen_at, other.first_seen_at),
        last_seen_at=max(one.last_seen_at, other.last_seen_at),
        detail=one.detail or other.detail,
    )


def _keep_fields(con: Connection, load: Load, commit_number: int, batch: Batch, *, again: bool) -> None:
    if again:
        con.execute(
            "DELETE FROM warehouse.ledger.fields WHERE load_number = $load AND commit_number = $commit",
            {"load": load.number, "commit": commit_number},
        )
    brought = [(name, batch.tables[name], carried) for name, carried in batch.carried.items()]
    rows = [
        (load.number, commit_number, name, table.num_rows, carried, pc.max(table["_fetched_at"]).as_py(), _id(table))
        for name, table, carried in brought
        if table.num_rows
    ]
    if rows:
        columns = zip(FIELDS.items(), zip(*rows, strict=True), strict=True)
        given_rows = pa.table({name: pa.array(values, declared) for (name, declared), values in columns})
        with given(con, "given_fields", given_rows):
            con.execute("INSERT INTO warehouse.ledger.fields BY NAME SELECT g.* FROM given_fields AS g")


def _id(rows: pa.Table) -> str:
    return str(rows["id"][0].as_py())


def _rows(drift: Sequence[Drift]) -> pa.Table:
    columns = {
        "table_name": [each.table for each in drift],
        "path": [each.path for each in drift],
        "kind": [each.kind for each in drift],
        "first_seen_at": [each.first_seen_at for each in drift],
        "last_seen_at": [each.last_seen_at for each in drift],
        "count": [each.count for each in drift],
        "sample_id": [each.sample_id for each in drift],
        "detail": [each.detail for each in drift],
    }
    return pa.table({name: pa.array(values, COLUMNS[name]) for name, values in columns.items()})
