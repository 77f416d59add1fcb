"""The merge: staged observations and stored rows in, the newest known state of each id in the tables out.

The rule is in `sql/each_table/folded.sql` (design, section 3). Rows that were seen once and are not stored are put in
as they came; the others are folded. What is read of a table is bounded by `reach`, so that the cost follows the batch.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import duckdb

from pipeline import reach
from pipeline.digest import digest_of_row
from pipeline.statements import sql_text
from pipeline.tables import TABLES, Table
from pipeline.values import Merged

Connection = duckdb.DuckDBPyConnection

EVERY_ROW = "true"
LONE = (
    "s.id IS NOT NULL AND s.id NOT IN (SELECT k.id FROM known_{table} AS k) "
    "AND s.id NOT IN (SELECT u.id FROM unsettled_{table} AS u WHERE u.observations > 1 AND u.id IS NOT NULL)"
)


def merge(con: Connection, table: Table, load_id: str, now: datetime) -> Merged:
    """Merge `stage_<name>` into the table; leaves `changed_<name>` (id, action, old_day, new_day).

    action: insert or update. Part of the caller's transaction.
    """
    begin(con, table)
    name = table.name
    counts = con.execute(f"SELECT count(*) AS observations, count(DISTINCT id) AS ids FROM stage_{name}").fetchall()
    observations, observed = counts[0]
    if not observations:
        return Merged()
    written = {"now": now, "load": load_id}
    reaches = reach.of_batch(con, table)
    stored = 0
    for wanted in dict.fromkeys(each.wanted for each in reaches):
        rows = reach.rows_within(table, [each for each in reaches if each.wanted == wanted])
        stored += _run(con, "known", name, rows=rows, wanted=wanted)
    if not stored and observations == observed:
        return Merged(inserted=_insert(con, name, EVERY_ROW, written))
    if not _run(con, "unsettled", name):
        return Merged(unchanged=observed)
    lone, twins, again = _kinds(con, name)
    inserted = _insert(con, name, LONE.format(table=name), written) if lone else 0
    updated = 0
    # Planning these statements costs more than all the others of a small batch.
    if twins or again:
        added, updated = _fold(con, table, written, stored=bool(again))
        inserted += added
    return Merged(inserted, updated, 0, observed - inserted - updated)


def begin(con: Connection, table: Table) -> None:
    """Tables that are there also when the batch has nothing of this kind."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE known_{table.name} "
        "(id UUID, _key UUID, old_day DATE, _row_hash VARCHAR, _absent BIGINT, _terminal BOOLEAN, _marked BOOLEAN)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_{table.name} (id UUID, action VARCHAR, old_day DATE, new_day DATE)"
    )


def _kinds(con: Connection, name: str) -> tuple[int, int, int]:
    """How many unsettled ids are new and were seen once, are new and were seen again, and are stored."""
    rows = con.execute(
        "SELECT count(*) FILTER (WHERE NOT u.stored AND u.observations = 1) AS lone, "
        "count(*) FILTER (WHERE NOT u.stored AND u.observations > 1) AS twins, "
        f"count(*) FILTER (WHERE u.stored) AS again FROM unsettled_{name} AS u"
    ).fetchall()
    lone, twins, again = rows[0]
    return lone, twins, again


def _insert(con: Connection, name: str, lone: str, written: dict[str, Any]) -> int:
    _run(con, "inserted", name, lone=lone)
    return _run(con, "insert", name, written, lone=lone)


def _fold(con: Connection, table: Table, written: dict[str, Any], *, stored: bool) -> tuple[int, int]:
    """Resolve the rows that were seen more than once or are stored; returns how many were inserted and updated."""
    name = table.name
    reaches = reach.of_stored(con, table) if stored else []
    _run(con, "observed", name)
    if reaches:
        _run(con, "stored", name, rows=reach.rows_within(table, reaches))
    _run(con, "folded", name)
    if not _run(con, "final", name, written):
        return 0, 0
    _run(con, "changed", name)
    replaced = sum(_run(con, "take_out", name, reach=each.condition) for each in reaches)
    return _run(con, "add", name) - replaced, replaced


def _run(con: Connection, file: str, name: str, values: dict[str, Any] | None = None, **more: str) -> int:
    """Run a file of `sql/each_table`; returns how many rows it wrote."""
    query = sql_text(f"each_table/{file}.sql").format(**_names(name), **more)
    return int(con.execute(query, values).fetchall()[0][0])


@cache
def _names(name: str) -> dict[str, str]:
    """What the placeholders of `sql/each_table` stand for."""
    table = TABLES[name]
    day = f"(t.{table.day} AT TIME ZONE 'UTC')::DATE" if table.day else "NULL::DATE"
    columns = [column.name for column in table.columns]
    marks = [mark.name for mark in table.marks]
    stored = [*columns, "extra", *marks, "_fetched_at", "_observation", "_absent", "_terminal"]
    return {
        "table": name,
        "key": table.range_key,
        "day": day,
        "new_day": day.replace("t.", "r."),
        "staged_day": day.replace("t.", "s."),
        "marked": _marked(table, "t"),
        "stored": ", ".join(f't."{column}"' for column in stored),
        "no_marks": "".join(f"NULL::TIMESTAMPTZ AS {mark}, " for mark in marks),
        "folded": ",\n        ".join(
            f'arg_max_null(p."{column}", p._place) FILTER (WHERE (p._absent >> {bit}) & 1 = 0) AS "{column}"'
            for bit, column in enumerate(columns)
            if column != "id"
        ),
        "marks": _kept_marks(table),
        "still_marked": _marked(table, "r"),
        "digest": digest_of_row(table, "f"),
    }


def _marked(table: Table, alias: str) -> str:
    given = " OR ".join(f"{alias}.{mark.name} IS NOT NULL" for mark in table.marks)
    return f"({given or 'false'})"


def _kept_marks(table: Table) -> str:
    """A row that was observed after it was marked as gone or removed is there again."""
    return "".join(
        f"CASE WHEN max(p._fetched_at) FILTER (WHERE NOT p._stored) <= max(p.{mark.name}) "
        f"THEN max(p.{mark.name}) END AS {mark.name},\n        "
        for mark in table.marks
    )
