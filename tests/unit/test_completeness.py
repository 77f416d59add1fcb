"""An ended run of which the source says to have more than is stored is found, and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pyarrow as pa
import pytest

from pipeline import completeness, loads, outstanding, warehouse
from pipeline.values import Reject, Window

START = datetime(2026, 11, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPAN = Window(START, START + DAY)
NOW = START + 2 * DAY
RUN = UUID("019a6f00-0000-7000-8000-000000000001")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    con = warehouse.connect(tmp_path_factory.mktemp("home") / "warehouse.duckdb", None)
    yield con
    con.close()


@pytest.fixture
def con(opened):
    """A warehouse whose logs of the day and the one after were read; emptied afterwards."""
    cover(opened, START, START + 2 * DAY)
    yield opened
    for table in (
        "main.runs",
        "main.logs",
        "main.node_runs",
        "ledger.windows",
        "ledger.rejects",
        "ledger.incomplete_runs",
    ):
        opened.execute(f"DELETE FROM warehouse.{table}")


def cover(con, start, end):
    con.execute(
        "INSERT INTO warehouse.ledger.windows (load_id, status, logs_from, logs_to) VALUES ('load', 'done', ?, ?)",
        [start, end],
    )


def insert(con, table, **row):
    columns, places = ", ".join(row), ", ".join("?" * len(row))
    con.execute(f"INSERT INTO warehouse.main.{table} ({columns}) VALUES ({places})", list(row.values()))


def run(con, **given):
    ended = {"created_at": START + HOUR, "completed_at": START + 2 * HOUR, "_terminal": True}
    insert(con, "runs", **{"id": RUN, **ended, **given})


def found(con, span=SPAN):
    return [(i.missing, i.expected, i.stored) for i in completeness.incomplete_runs(con, span)]


def test_a_run_that_says_to_have_logs_of_which_none_is_stored(con):
    run(con, has_logs=True)
    assert found(con) == [("logs", 1, 0)]
    insert(con, "logs", id=UUID(int=1), run_id=RUN)
    assert found(con) == []


@pytest.mark.parametrize(
    "given",
    [
        {"has_logs": False},
        {"has_logs": None},
        {"has_logs": True, "_terminal": False},
        {"has_logs": True, "_gone_at": NOW},
        {"has_logs": True, "created_at": START - timedelta(microseconds=1)},
        {"has_logs": True, "created_at": START + DAY},
        {"has_logs": True, "completed_at": START + 2 * DAY},
        {"has_logs": True, "completed_at": None},
        {"has_node_runs": False, "nodes_completed": 0},
    ],
    ids=str,
)
def test_a_run_that_is_open_or_gone_or_elsewhere_or_was_read_in_part_misses_nothing(con, given):
    run(con, **given)
    if given.get("completed_at", 1) is None:
        assert found(con) == [("logs", 1, 0)], "a run without an end lies where it began"
    else:
        assert found(con) == []


def test_logs_are_only_missing_where_one_span_holds_the_whole_life_of_the_run(con):
    con.execute("DELETE FROM warehouse.ledger.windows")
    run(con, has_logs=True)
    cover(con, START, START + 2 * HOUR)
    assert found(con) == [], "a line of the run's last moment would lie outside"
    cover(con, START + 2 * HOUR + timedelta(microseconds=1), START + DAY)
    assert found(con) == []
    cover(con, START + HOUR, START + 3 * HOUR)
    assert found(con) == [("logs", 1, 0)]


@pytest.mark.parametrize(
    ("given", "stored", "expected"),
    [
        ({"has_node_runs": True}, 0, [("node_runs", 1, 0)]),
        ({"has_node_runs": True}, 1, []),
        ({"nodes_completed": 3, "has_node_runs": True}, 2, [("node_runs", 3, 2)]),
        ({"nodes_completed": 3}, 3, []),
        ({"nodes_completed": 3}, 4, []),
        ({"nodes_completed": 3, "has_logs": True}, 0, [("logs", 1, 0), ("node_runs", 3, 0)]),
    ],
    ids=str,
)
def test_a_run_has_at_least_as_many_node_runs_as_it_has_completed(con, given, stored, expected):
    run(con, **given)
    for n in range(stored):
        insert(con, "node_runs", id=UUID(int=n), run_id=RUN)
    assert found(con) == expected


def reject(con, object, n, raw):
    row = Reject(object, str(UUID(int=n)), "id", "bad", raw, "", "", n, NOW)
    outstanding.record_rejects(con, loads.Load("load", 1), (row,), NOW)


def test_what_is_in_quarantine_is_not_missing(con):
    run(con, has_logs=True, nodes_completed=3)
    insert(con, "node_runs", id=UUID(int=1), run_id=RUN)
    reject(con, "log", 1, f'{{"run_id":"{RUN}"}}')
    reject(con, "node_run", 2, f'{{"run_id":"{RUN}"}}')
    assert found(con) == [("node_runs", 3, 2)]
    reject(con, "node_run", 3, f'{{"run_id":"{RUN}"}}')
    for n, broken in enumerate(("{", '"text"', "{}", '{"run_id":7}'), 4):
        reject(con, "node_run", n, broken)
    assert found(con) == []


def noted(con):
    return con.execute(
        "SELECT missing, first_seen_at, last_asked_at, asks FROM warehouse.ledger.incomplete_runs ORDER BY missing"
    ).fetchall()


def test_the_ledger_knows_since_when_and_how_often_it_was_asked_until_it_is_complete(con):
    run(con, has_logs=True, nodes_completed=1)
    completeness.note(con, SPAN, [(str(RUN), "logs")], NOW)
    completeness.note(con, SPAN, [(str(RUN), "logs")], NOW + DAY)
    assert noted(con) == [("logs", NOW, NOW + DAY, 2), ("node_runs", NOW, None, 0)]
    other = Window(START + DAY, START + 2 * DAY)
    assert completeness.note(con, other, [], NOW) == []
    assert len(noted(con)) == 2, "a span that was not looked at stays as it is"
    insert(con, "logs", id=UUID(int=1), run_id=RUN)
    completeness.note(con, SPAN, [], NOW + 2 * DAY)
    assert noted(con) == [("node_runs", NOW, None, 0)]


def test_who_was_asked_in_vain_is_left_alone_for_a_while_that_grows(con):
    run(con, has_logs=True)
    key = (str(RUN), "logs")
    completeness.note(con, SPAN, [], NOW)
    assert completeness.asked_lately(con, NOW) == set()
    completeness.note(con, SPAN, [key], NOW)
    assert completeness.asked_lately(con, NOW + 19 * HOUR) == {key}
    assert completeness.asked_lately(con, NOW + 21 * HOUR) == set()
    completeness.note(con, SPAN, [key], NOW + 100 * DAY)
    assert completeness.asked_lately(con, NOW + 120 * DAY) == {key}
    assert completeness.asked_lately(con, NOW + 130 * DAY) == set()
    assert completeness.asked_lately(con, NOW) == set(), "what the future asked says nothing"


def test_a_sample_is_drawn_from_runs_with_logs_and_is_another_one_for_another_lot(con):
    ids = [str(UUID(int=RUN.int + n)) for n in range(40)]
    for each in ids:
        run(con, id=each, has_logs=True)
    run(con, id=UUID(int=RUN.int + 99), has_logs=False)
    one, same, other = (completeness.sample(con, SPAN, lot, 5) for lot in ("a", "a", "b"))
    assert one == same != other
    assert len(set(one)) == 5
    assert set(completeness.sample(con, SPAN, "a", 1000)) == set(ids)
    assert completeness.sample(con, Window(START - DAY, START), "a", 5) == []


def test_lines_that_are_not_stored_are_counted_once_each(con):
    insert(con, "logs", id=UUID(int=1), run_id=RUN)
    raw = pa.array([UUID(int=n).bytes for n in (1, 2, 2, 3)], pa.uuid().storage_type)
    rows = pa.table({"id": pa.ExtensionArray.from_storage(pa.uuid(), raw)})
    assert completeness.unknown_logs(con, rows, [str(RUN)]) == 2
    assert completeness.unknown_logs(con, rows.slice(0, 1), [str(RUN)]) == 0
