"""Takes people out of the warehouse: every column that holds an id or a text, histories and the ledger included.

In: a connection of `warehouse.connect` within a transaction, and who is sought. Out: how many rows changed, by table.
A row then says what it would say had the pages never held them, so that a replay of scrubbed pages gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline import outstanding
from pipeline.canonical import canonical_of, value_of
from pipeline.digest import digest_of, digest_of_row
from pipeline.history import fold_again, keep_versions, said_by_sighting
from pipeline.ledger_tables import SIGHTINGS
from pipeline.loads import Load
from pipeline.merge import merge
from pipeline.privacy import DROP, Policy
from pipeline.scrub import NOTHING, WRITTEN, stripped
from pipeline.sought import Sought
from pipeline.stage import stage
from pipeline.statements import sql_text
from pipeline.tables import TABLES, Table
from pipeline.warehouse import given

# What is taken out by other means, or says nothing of anybody.
ELSEWHERE = {"ledger.rejects", "ledger.meta", "ledger.forgotten", "ledger.forgotten_runs", "ledger.dirty_partitions"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A table as the catalog has it. bits: of the columns whose silence is told by `_absent`. stored: one of ours."""

    name: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    json: frozenset[str]
    bits: Mapping[str, int]
    stored: bool


def learn_from_tables(con: Connection, sought: Sought) -> None:
    """Learn what is stored of them: the runs that they created, and what their user objects call them."""
    ids = {"ids": sorted(sought.ids)}
    con.execute(sql_text("forget/their_runs.sql"), {**ids, "runs": sorted(sought.runs)})
    sought.runs |= {run for (run,) in con.execute("SELECT run_id::VARCHAR AS id FROM their_runs").fetchall()}
    for (person,) in con.execute(sql_text("forget/user_objects.sql"), ids).fetchall():
        stripped(value_of(person.encode()), sought)


def take_out(con: Connection, load: Load, sought: Sought, policy: Policy, now: datetime) -> dict[str, int]:
    """Take them out of every table but the quarantine. Comes after `learn_from_tables`."""
    con.execute(sql_text("forget/their_runs.sql"), {"ids": sorted(sought.ids), "runs": sorted(sought.runs)})
    for name in WRITTEN:
        _empty_what_was_written(con, TABLES[name], load, policy, now)
    changed = {}
    for kept in _catalog(con):
        changed[kept.name] = _without_ids(con, kept, load, sought, now) + _without_words(con, kept, load, sought, now)
    return _settled(con, load, now, changed)


def _empty_what_was_written(con: Connection, table: Table, load: Load, policy: Policy, now: datetime) -> None:
    words = policy.ruled.get(table.name, {})
    written = WRITTEN[table.name]
    names = {
        "table": table.name,
        "run": "id" if table.name == "runs" else "run_id",
        "emptied": ", ".join(f'"{name}" = NULL' for name in written),
        "said": " OR ".join(f't."{name}" IS NOT NULL' for name in written),
        # What the policy drops is a null that counts, here as in every load.
        "bits": str(sum(1 << table.names.index(name) for name in written if words.get(name) != DROP)),
    }
    con.execute(sql_text("forget/written.sql").format(**names), {"now": now, "load": load.load_id})


def _catalog(con: Connection) -> Iterator[Kept]:
    rows = con.execute(
        "SELECT schema_name || '.' || table_name AS name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'warehouse' ORDER BY name, column_index"
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for name, column, kind in rows:
        found.setdefault(name, []).append((column, kind))
    sightings = {f"ledger.{table.name}": TABLES[name] for name, table in SIGHTINGS.items()}
    for name in sorted(found.keys() - ELSEWHERE):
        columns = [(column, kind) for column, kind in found[name] if not column.startswith("_")]
        table = TABLES.get(name.removeprefix("main.")) or sightings.get(name)
        yield Kept(
            name,
            tuple(column for column, kind in columns if kind == "UUID" and column != "id"),
            tuple(column for column, kind in columns if kind in {"VARCHAR", "JSON"}),
            frozenset(column for column, kind in columns if kind == "JSON"),
            {column: 1 << bit for bit, column in enumerate(table.names)} if table else {},
            name.removeprefix("main.") in TABLES,
        )


def _without_ids(con: Connection, kept: Kept, load: Load, sought: Sought, now: datetime) -> int:
    if not kept.ids:
        return 0
    is_named = {column: f'coalesce(list_contains($ids::UUID[], t."{column}"), false)' for column in kept.ids}
    bits = [f"(CASE WHEN {is_named[c]} THEN {bit} ELSE 0 END)" for c, bit in kept.bits.items() if c in is_named]
    names = {
        "table": f"warehouse.{kept.name}",
        "emptied": ", ".join(f'"{c}" = CASE WHEN NOT {named} THEN t."{c}" END' for c, named in is_named.items()),
        "named": " OR ".join(is_named.values()),
        "marked": _marked(kept, f"t._absent | {' | '.join(bits)}" if bits else ""),
    }
    return _changed(con, "ids", names, {"ids": sorted(sought.ids), **_lineage(kept, load, now)})


def _without_words(con: Connection, kept: Kept, load: Load, sought: Sought, now: datetime) -> int:
    if not kept.texts:
        return 0
    words = {f"word{n}": word for n, word in enumerate(sorted(sought.words))}
    texts = ", ".join(f't."{column}"::VARCHAR' for column in kept.texts)
    names = {
        "table": f"warehouse.{kept.name}",
        "columns": ", ".join(f't."{column}"' for column in kept.texts),
        "speaks": " OR ".join(f"contains(lower(concat_ws(chr(31), {texts})), ${name})" for name in words),
    }
    rows = con.execute(sql_text("forget/speaking.sql").format(**names), words).fetchall()
    if not rows:
        return 0
    before = [dict(zip(kept.texts, values, strict=True)) for _, *values in rows]
    after = [{c: None if text is None else _silent(kept, c, text, sought) for c, text in row.items()} for row in before]
    columns: dict[str, Any] = {c: pa.array([row[c] for row in after], pa.string()) for c in kept.texts}
    columns["_row"] = [row for row, *_ in rows]
    columns["bits"] = [
        sum(kept.bits.get(c, 0) for c in was if was[c] is not None and left[c] is None)
        for was, left in zip(before, after, strict=True)
    ]
    names["replaced"] = ", ".join(f'"{c}" = g."{c}"' for c in kept.texts)
    names["marked"] = _marked(kept, "t._absent | g.bits" if kept.bits else "")
    with given(con, "given_rows", pa.table(columns)):
        return _changed(con, "texts", names, _lineage(kept, load, now))


def _silent(kept: Kept, column: str, text: str, sought: Sought) -> str | None:
    """The text of one column without them; None where nothing is left."""
    left = stripped(value_of(text.encode()) if column in kept.json else text, sought)
    if left is NOTHING or (column == "extra" and left == {}):
        return None
    return canonical_of(left) if column in kept.json else left


def _marked(kept: Kept, absent: str) -> str:
    """What else changes with a row: what it is silent about, and by which load."""
    silence = f", _absent = {absent}" if absent else ""
    return f"{silence}, _loaded_at = $now, _load_id = $load" if kept.stored else silence


def _lineage(kept: Kept, load: Load, now: datetime) -> dict[str, Any]:
    return {"now": now, "load": load.load_id} if kept.stored else {}


def _changed(con: Connection, name: str, names: Mapping[str, str], values: Mapping[str, Any]) -> int:
    return int(con.execute(sql_text(f"forget/{name}.sql").format(**names), dict(values)).fetchall()[0][0])


def _settled(con: Connection, load: Load, now: datetime, changed: dict[str, int]) -> dict[str, int]:
    """Digests, histories and partitions follow from what was changed; returns the rows by table, without the zeros."""
    for name, table in TABLES.items():
        key = {"load": load.load_id}
        con.execute(sql_text("forget/digests.sql").format(table=name, digest=digest_of_row(table, "t")), key)
        day = f"coalesce((t.{table.day} AT TIME ZONE 'UTC')::DATE::VARCHAR, 'unknown')" if table.day else "'all'"
        days = con.execute(sql_text("forget/days.sql").format(table=name, day=day), key).fetchall()
        changed[f"main.{name}"] = sum(rows for _, rows in days)
        if table.history:
            _fold_history(con, table, load, now)
            days += [("all", 1)] if changed.get(f"main.{name}_history") else []
        outstanding.mark_dirty(con, name, [each for each, _ in days])
    return {name: rows for name, rows in changed.items() if rows}


def _fold_history(con: Connection, table: Table, load: Load, now: datetime) -> None:
    """Make the versions anew of rows whose sightings say less now: two that differed may have become one."""
    tracked = [column for column in table.columns if column.tracked]
    con.execute(sql_text("forget/versions.sql").format(table=table.name, digest=digest_of(tracked, "h")))
    stage(con, table, table.stage_schema.empty_table())
    merge(con, table, load.load_id, now)
    keep_versions(con, table, load.load_id, now)
    con.execute(sql_text("forget/sightings.sql").format(table=table.name, said=said_by_sighting(table)))
    fold_again(con, table, load.load_id, now)
    if con.execute(f"SELECT 1 AS one FROM unsettled_history_{table.name} LIMIT 1").fetchall():
        outstanding.mark_dirty(con, table.name, ["all"])
