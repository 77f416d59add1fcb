"""P2: any split, repetition or overlap of what was observed gives the tables that a plain fold gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import warehouse
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from tests.property.warehouse_rows import staged

NOW = datetime(2026, 11, 20, tzinfo=UTC)
COLUMNS = ("status_code", "cost", "output", "feedback_reason")
BITS = {name: 1 << TABLES["runs"].names.index(name) for name in COLUMNS}


def run_id(day: int, n: int) -> UUID:
    """A UUIDv7 of a day, so that the ids lie in several spans."""
    ms = int((NOW + timedelta(days=day)).timestamp() * 1000)
    return UUID(int=(ms << 80) | (7 << 76) | (2 << 62) | n)


IDS = [run_id(0, 1), run_id(0, 2), run_id(1, 3), run_id(40, 4), UUID(int=5)]
values = st.fixed_dictionaries(
    {
        "status_code": st.sampled_from([None, "running", "queued"]),
        "cost": st.sampled_from([None, Decimal("0.1"), Decimal("0.100000000000000001")]),
        "output": st.sampled_from([None, '{"a":1}', '{"a":2}']),
        "feedback_reason": st.sampled_from([None, "good", "bad"]),
        "extra": st.sampled_from([None, '{"new":1}']),
    }
)


@st.composite
def observations(draw, *, with_gaps: bool):
    """Rows as flatten makes them, in the order of the ledger; without gaps no two of them are equal."""
    rows = []
    for number in range(draw(st.integers(1, 12))):
        row = draw(values)
        final = draw(st.booleans())
        absent = 0
        for name in COLUMNS:
            if with_gaps and draw(st.integers(0, 3)) == 0:
                row[name], absent = None, absent | BITS[name]
            elif with_gaps and final and row[name] is None and name != "feedback_reason":
                absent |= BITS[name]
        if not with_gaps:
            row["output"] = f'{{"n":{number}}}'
        fixed = {"id": draw(st.sampled_from(IDS)), "created_at": NOW, "_observation": number, "_terminal": final}
        rows.append(row | fixed | {"_absent": absent, "_fetched_at": NOW + timedelta(seconds=number)})
    return rows


def plain_fold(rows):
    """The merge rule, word by word, one observation after the other."""
    stored: dict[UUID, dict] = {}
    for row in sorted(rows, key=lambda row: row["_observation"]):
        held = stored.setdefault(row["id"], {"_absent": sum(BITS.values()), "_terminal": False, "extra": None})
        stale = held["_terminal"] and not row["_terminal"]
        for name in COLUMNS:
            informs = not row["_absent"] & BITS[name]
            if informs and (not stale or held["_absent"] & BITS[name]):
                held[name] = row[name]
        if not stale:
            held["extra"] = row["extra"]
        held["_absent"] &= row["_absent"]
        held["_terminal"] |= row["_terminal"]
    return {
        key: tuple(held.get(name) for name in (*COLUMNS, "extra", "_absent", "_terminal"))
        for key, held in stored.items()
    }


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    opened = warehouse.connect(tmp_path_factory.mktemp("merge") / "warehouse.duckdb", None)
    yield opened
    opened.close()


def loaded(con, batches):
    con.execute("DELETE FROM warehouse.main.runs")
    for batch in batches:
        stage(con, TABLES["runs"], staged(TABLES["runs"], batch))
        with warehouse.transaction(con):
            merge(con, TABLES["runs"], "load", NOW)
    rows = con.execute(
        "SELECT id, status_code, cost, output, feedback_reason, extra, _absent, _terminal FROM warehouse.main.runs"
    ).fetchall()
    assert len({row[0] for row in rows}) == len(rows), "an id is stored twice"
    return {row[0]: row[1:] for row in rows}


fewer = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fewer
@given(rows=observations(with_gaps=True), data=st.data())
def test_p2_a_split_into_commits_changes_nothing(con, rows, data):
    edges = sorted({0, len(rows), *data.draw(st.lists(st.integers(0, len(rows)), max_size=3))})
    batches = [rows[a:b] for a, b in pairwise(edges)]
    again = data.draw(st.lists(st.sampled_from(batches), max_size=2))
    assert loaded(con, [*batches, *again]) == plain_fold(rows)


@fewer
@given(rows=observations(with_gaps=False), data=st.data())
def test_p2_any_order_of_commits_gives_the_same_rows(con, rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    width = data.draw(st.integers(1, 4))
    batches = [[rows[i] for i in order[at : at + width]] for at in range(0, len(order), width)]
    assert loaded(con, batches) == plain_fold(rows)
