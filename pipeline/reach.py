"""Where rows of a batch can be stored: parts of a table as conditions, so that what is read follows the batch.

In: what a commit has staged or found. Out: `Reach`es with literals, which DuckDB holds against its statistics of each
row group. A row is never looked for by what its source may have changed since. Source: ADR 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import duckdb

from pipeline.statements import sql_text
from pipeline.tables import Table

Connection = duckdb.DuckDBPyConnection

# A statement costs as much as the reading of some row groups that hold nothing: beyond so many, near ones are joined.
MOST_REACHES = 24


@dataclass(frozen=True, slots=True)
class Reach:
    """A part of a table, as a condition on its rows `t`, and which rows `s` of the batch are looked for there."""

    condition: str
    wanted: str = "true"


@dataclass(frozen=True, slots=True)
class _Span:
    """Keys or days from first to last, as literals. since, until: their days, by which spans are joined."""

    since: int
    until: int
    first: str
    last: str


EVERYWHERE = Reach("true")


def rows_within(table: Table, reaches: Sequence[Reach]) -> str:
    """The rows of a table within any of the reaches, for a FROM: each part is bounded on its own, and read once."""
    return (
        "("
        + " UNION ALL ".join(
            f"SELECT t.* FROM warehouse.main.{table.name} AS t WHERE {each.condition}" for each in reaches
        )
        + ")"
    )


def of_batch(con: Connection, table: Table) -> list[Reach]:
    """Where the rows of `stage_<name>` can be stored.

    By their keys, where these tell their day: a key never changes, but may have come later. Rows without such a key may
    be anywhere: a look at all ids says on which days they are. A table without a day is small.
    """
    if table.day is None:
        return [EVERYWHERE]
    rows = f"stage_{table.name}"
    spans, unbounded = _spans_of_keys(con, rows, table.range_key)
    found, others = [], "true"
    if unbounded:
        dayless = _dayless(f"s.{table.range_key}")
        found = _by_day(table, _days(con, table, "days_of_ids", dayless), wanted=dayless)
        twins = f"SELECT d.id FROM {rows} AS d WHERE d.id IS NOT NULL AND {_dayless(f'd.{table.range_key}')}"
        others = f"s.id NOT IN ({twins})"
    if spans:
        found += _by_key(table, spans, others)
        if table.range_key != "id":
            keyless = f"t.{table.range_key} IS NULL"
            found += _by_day(table, _days(con, table, "days_of_keyless", others), only=keyless, wanted=others)
    return found


def of_stored(con: Connection, table: Table) -> list[Reach]:
    """Where those rows of `known_<name>` are stored that are unsettled, by what is stored in them."""
    if table.day is None:
        return [EVERYWHERE]
    rows = f"(SELECT k.* FROM known_{table.name} AS k WHERE k.id IN (SELECT u.id FROM unsettled_{table.name} AS u))"
    spans, unbounded = _spans_of_keys(con, rows, "_key")
    found = _by_key(table, spans)
    if not unbounded:
        return found
    days = con.execute(f"SELECT DISTINCT s.old_day FROM {rows} AS s WHERE {_dayless('s._key')}").fetchall()
    # A row is in one reach only.
    return [*found, *_by_day(table, _listed(days), only=_dayless(f"t.{table.range_key}"))]


def of_written(con: Connection, table: Table) -> list[Reach]:
    """Where copies of the rows in `changed_<name>` are looked for: by the batch's keys; without one, on their days."""
    if table.day is None:
        return [EVERYWHERE]
    spans, unbounded = _spans_of_keys(con, f"stage_{table.name}", table.range_key)
    if table.range_key == "id" and not unbounded:
        return _by_key(table, spans)
    days = con.execute(
        f"SELECT c.old_day AS day FROM changed_{table.name} AS c WHERE c.action = 'update' "
        f"UNION SELECT c.new_day AS day FROM changed_{table.name} AS c"
    ).fetchall()
    if unbounded:
        return _by_day(table, _listed(days))
    return [*_by_key(table, spans), *_by_day(table, _listed(days), only=f"t.{table.range_key} IS NULL")]


def _by_key(table: Table, spans: Sequence[_Span], wanted: str = "true") -> list[Reach]:
    return [Reach(_between(f"t.{table.range_key}", each), wanted) for each in _joined(spans)]


def _by_day(table: Table, days: Sequence[date | None], *, only: str = "true", wanted: str = "true") -> list[Reach]:
    known = sorted(day for day in days if day)
    spans = _joined([_Span(d.toordinal(), d.toordinal(), d.isoformat(), d.isoformat()) for d in known])
    at = f't."{table.day}"'
    found = [f"{at} >= '{s.first} 00:00:00+00' AND {at} <= '{s.last} 23:59:59.999999+00'" for s in spans]
    found += [f"{at} IS NULL"] if None in days else []
    return [Reach(f"{each} AND {only}", wanted) for each in found]


def _spans_of_keys(con: Connection, rows: str, key: str) -> tuple[list[_Span], bool]:
    """The spans of keys that tell their day, a day each, and whether there are rows whose key tells none."""
    days = con.execute(sql_text("each_table/spans.sql").format(rows=rows, key=key)).fetchall()
    return [_Span(day, day, *span) for day, *span in days if day is not None], bool(days) and days[0][0] is None


def _days(con: Connection, table: Table, file: str, wanted: str) -> list[date | None]:
    names = {"table": table.name, "key": table.range_key, "day": table.day, "wanted": wanted}
    return _listed(con.execute(sql_text(f"each_table/{file}.sql").format(**names)).fetchall())


def _joined(spans: Sequence[_Span]) -> list[_Span]:
    """The spans, in order, as one where no day lies between them; where they are too many, also over the least gaps."""
    gaps = [after.since - before.until for before, after in pairwise(spans)]
    kept = sorted(range(len(gaps)), key=gaps.__getitem__, reverse=True)[: MOST_REACHES - 1]
    edges = [0, *(at + 1 for at in sorted(kept) if gaps[at] > 1), len(spans)]
    parts = [spans[begin:end] for begin, end in pairwise(edges) if begin < end]
    return [_Span(part[0].since, part[-1].until, part[0].first, part[-1].last) for part in parts]


def _between(key: str, span: _Span) -> str:
    return f"{key} BETWEEN '{span.first}' AND '{span.last}'"


def _dayless(key: str) -> str:
    """A key that tells no day: there is none, or it is no UUIDv7."""
    return f"coalesce(substr({key}::VARCHAR, 15, 1), '') <> '7'"


def _listed(rows: Sequence[tuple[date | None]]) -> list[date | None]:
    return [day for (day,) in rows]
