"""The merge: staged observations and stored rows in, the newest known state of each id in the tables out.

The rule is in `sql/each_table/folded.sql` (design, section 3). What is read and written of a table is bounded by the
span of ids that the batch holds, as literals, so that the cost follows the batch and not the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipeline.digest import digest_of_row
from pipeline.statements import sql_text
from pipeline.tables import Table
from pipeline.values import Merged

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Reach:
    """A part of a table, as a condition on its range key; `{key}` stands for that column."""

    condition: str

    def of(self, column: str) -> str:
        """The condition on a column of this name."""
        return self.condition.format(key=column)


EVERYWHERE = Reach("true")
WITHOUT_KEY = Reach("{key} IS NULL")


def merge(con: Connection, table: Table, load_id: str, now: datetime) -> Merged:
    """Merge `stage_<name>` into the table; leaves `changed_<name>` (id, action, old_day, new_day).

    action: insert or update. Part of the caller's transaction.
    """
    names = _names(table)
    _begin(con, table)
    if not _any(con, f"stage_{table.name}"):
        return Merged()
    reaches = _reaches(con, table)
    for reach in reaches:
        _run(con, "known", names, reach=reach.of(f"t.{table.range_key}"))
    _run(con, "unsettled", names)
    observed = con.execute(f"SELECT count(DISTINCT id) AS ids FROM stage_{table.name}").fetchall()[0][0]
    if not _any(con, f"unsettled_{table.name}"):
        return Merged(unchanged=observed)
    _resolve(con, table, names, reaches)
    con.execute(sql_text("each_table/final.sql").format(**names), {"now": now, "load": load_id})
    _write(con, table, names, reaches)
    return _counted(con, table, observed)


def _resolve(con: Connection, table: Table, names: dict[str, str], reaches: list[Reach]) -> None:
    """Create `resolved_<name>`: one row per id of which this batch may change something."""
    _run(con, "lone", names)
    # Planning these statements costs more than all the others of a small batch.
    if not _any(con, f"unsettled_{table.name} WHERE stored OR observations > 1"):
        return
    _run(con, "observed", names)
    for reach in reaches:
        _run(con, "stored", names, reach=reach.of(f"t.{table.range_key}"))
    _run(con, "folded", names)


def _write(con: Connection, table: Table, names: dict[str, str], reaches: list[Reach]) -> None:
    if not _any(con, f"final_{table.name}"):
        return
    for reach in reaches:
        _run(con, "merge", names, reach=reach.of(f"t.{table.range_key}"), reach_of_final=reach.of("f._key"))
    _run(con, "changed", names)


def _any(con: Connection, table: str) -> bool:
    return bool(con.execute(f"SELECT 1 AS one FROM {table} LIMIT 1").fetchall())


def _names(table: Table) -> dict[str, str]:
    """What the placeholders of `sql/each_table` stand for."""
    day = f"(t.{table.day} AT TIME ZONE 'UTC')::DATE" if table.day else "NULL::DATE"
    columns = [column.name for column in table.columns]
    marks = [mark.name for mark in table.marks]
    stored = [*columns, "extra", *marks, "_fetched_at", "_observation", "_absent", "_terminal"]
    return {
        "table": table.name,
        "key": table.range_key,
        "day": day,
        "new_day": day.replace("t.", "r."),
        "marked": _marked(table, "t"),
        "stored": ", ".join(f't."{name}"' for name in stored),
        "no_marks": "".join(f"NULL::TIMESTAMPTZ AS {name}, " for name in marks),
        "folded": ",\n        ".join(
            f'arg_max_null(p."{name}", p._place) FILTER (WHERE (p._absent >> {bit}) & 1 = 0) AS "{name}"'
            for bit, name in enumerate(columns)
            if name != "id"
        ),
        "marks": _kept_marks(table),
        "still_marked": _marked(table, "r"),
        "digest": digest_of_row(table, "f"),
        "assignments": ", ".join(f'"{c.name}" = s."{c.name}"' for c in table.stored if c.name != "id"),
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


def _begin(con: Connection, table: Table) -> None:
    """Tables that are there also when the batch has nothing of this kind."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE known_{table.name} "
        "(id UUID, _key UUID, old_day DATE, _row_hash VARCHAR, _absent BIGINT, _terminal BOOLEAN, _marked BOOLEAN)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_{table.name} (id UUID, action VARCHAR, old_day DATE, new_day DATE)"
    )


def _reaches(con: Connection, table: Table) -> list[Reach]:
    """Where rows of this batch can be stored, by runs of contiguous days.

    A row whose key came later lies among those without a key. A key that tells no day may be anywhere.
    """
    days = con.execute(sql_text("each_table/spans.sql").format(table=table.name, key=table.range_key)).fetchall()
    if days[0][0] is None:
        return [EVERYWHERE]
    spans: list[tuple[int, str, str]] = []
    for day, first, last in days:
        if spans and spans[-1][0] == day - 1:
            spans[-1] = (day, spans[-1][1], last)
        else:
            spans.append((day, first, last))
    found = [Reach(f"{{key}} BETWEEN '{first}' AND '{last}'") for _, first, last in spans]
    return found if table.range_key == "id" else [*found, WITHOUT_KEY]


def _run(con: Connection, name: str, names: dict[str, str], **more: str) -> None:
    con.execute(sql_text(f"each_table/{name}.sql").format(**{**names, **more}))


def _counted(con: Connection, table: Table, observed: int) -> Merged:
    rows = con.execute(
        "SELECT count(*) FILTER (WHERE action = 'insert') AS inserted, "
        f"count(*) FILTER (WHERE action = 'update') AS updated FROM changed_{table.name}"
    ).fetchall()
    inserted, updated = rows[0]
    return Merged(inserted, updated, 0, observed - inserted - updated)
