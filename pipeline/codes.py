"""The dimension of observed codes: every value that a code was ever read with, and which of them are news.

No page of the vendor lists the codes, but for a run's status, so what this warehouse has seen is the list. In: the
Arrow tables of a commit. Out: `Drift`; the writes belong to the caller's transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from pipeline.ledger_tables import LEDGER
from pipeline.loads import Load
from pipeline.rows import TERMINAL
from pipeline.statements import sql_text
from pipeline.tables import TABLES
from pipeline.values import Drift
from pipeline.warehouse import given

# A column with more values is no code, whatever its name: that is told once, and its values are not kept.
MOST_VALUES = 200
TOO_MANY = f"more than {MOST_VALUES} values"
# So few rows know too few of a table's codes: a single log that was loaded first would make a whole night news.
FEWEST_ROWS = 5
OTHER_NAMES = {"target_type", "availability_status", "measurement_source", "preview_type"}
CODES = {
    name: tuple(c.name for c in table.columns if c.name.endswith("_code") or c.name in OTHER_NAMES)
    for name, table in TABLES.items()
}
# The one list that the vendor's pages give, "Runs" and "Callbacks": what is on it is no news, what is not always is.
NAMED = {("runs", "status_code"): TERMINAL | {"queued", "dispatching", "running"}}
COLUMNS = {column.name: column.type for column in LEDGER["codes"].columns}


def keep_codes(
    con: Connection, load: Load, tables: Mapping[str, pa.Table], *, again: bool
) -> tuple[list[Drift], list[Drift]]:
    """Enter the codes of a commit. Returns those that are drift from now on, and all that are known.

    again: the commit is known, so what is known counts no more.
    """
    found = codes_in(tables)
    known = set(con.execute("SELECT table_name, column_name, value FROM warehouse.ledger.codes").fetchall())
    old = [each for each in found if _key(each) in known]
    new = _within_bounds([_first(each, tables) for each in found if _key(each) not in known], known)
    kept = [each for each in new if each.detail != TOO_MANY]
    if kept:
        with given(con, "given_codes", _rows(kept)):
            con.execute("INSERT INTO warehouse.ledger.codes BY NAME SELECT g.* FROM given_codes AS g")
    if old and not again:
        with given(con, "given_codes", _rows(old)):
            con.execute(sql_text("ledger/codes_again.sql"))
    return (_news(con, load, new) if new else []), old


def codes_in(tables: Mapping[str, pa.Table]) -> list[Drift]:
    """Each code in the rows, with how many have it; the times are those of the table's newest page."""
    found = []
    for name, columns in CODES.items():
        rows = tables[name]
        if rows.num_rows:
            newest = pc.max(rows["_fetched_at"]).as_py()
            for column in columns:
                counted = {each["values"]: each["counts"] for each in pc.value_counts(rows[column]).to_pylist()}
                found += [
                    Drift(name, column, "code", None, counted[value], newest, newest, value)
                    for value in sorted(counted.keys() - {None})
                ]
    return found


def _first(each: Drift, tables: Mapping[str, pa.Table]) -> Drift:
    """The same with the row that had the code first, and when its page was received."""
    rows = tables[each.table]
    having = rows.select(["id", "_observation", "_fetched_at"]).filter(pc.equal(rows[each.path], each.detail))
    place = pc.index(having["_observation"], pc.min(having["_observation"])).as_py()
    first_seen_at = pc.min(having["_fetched_at"]).as_py()
    return replace(each, sample_id=str(having["id"][place].as_py()), first_seen_at=first_seen_at)


def _within_bounds(new: Sequence[Drift], known: set[tuple[str, str, str]]) -> list[Drift]:
    """The new codes; of a column that has its fill, one for all of them."""
    room = Counter((table, column) for table, column, _ in known)
    bounded = []
    for each in new:
        room[each.table, each.path] += 1
        full = room[each.table, each.path] > MOST_VALUES
        bounded.append(replace(each, detail=TOO_MANY) if full else each)
    return bounded


def _news(con: Connection, load: Load, new: Sequence[Drift]) -> list[Drift]:
    """Of the new codes those that nobody could expect: what the first load of a table brings is what there is."""
    asked = {"load": load.number, "fewest": FEWEST_ROWS}
    settled = {name for (name,) in con.execute(sql_text("ledger/codes_settled.sql"), asked).fetchall()}

    def is_news(each: Drift) -> bool:
        named = NAMED.get((each.table, each.path))
        return each.table in settled if named is None else each.detail not in named

    return [each for each in new if is_news(each)]


def _key(each: Drift) -> tuple[str, str, str | None]:
    return each.table, each.path, each.detail


def _rows(codes: Sequence[Drift]) -> pa.Table:
    columns = {
        "table_name": [each.table for each in codes],
        "column_name": [each.path for each in codes],
        "value": [each.detail for each in codes],
        "first_seen_at": [each.first_seen_at for each in codes],
        "last_seen_at": [each.last_seen_at for each in codes],
        "count": [each.count for each in codes],
        "sample_id": [each.sample_id for each in codes],
    }
    return pa.table({name: pa.array(values, COLUMNS[name]) for name, values in columns.items()})
