"""What is read of a table is bounded by what a batch holds, and by nothing that its source may change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pipeline import reach, warehouse
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from tests.property.warehouse_rows import staged

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LOGS, FLOWS = TABLES["logs"], TABLES["flows"]
RANDOM = UUID("5f9d7a30-3f4e-4c1b-9a55-000000000001")


@pytest.fixture
def con(tmp_path):
    opened = warehouse.connect(tmp_path / "warehouse.duckdb", None)
    yield opened
    opened.close()


def of_day(day: int, n: int = 1) -> UUID:
    ms = int((BEGIN + timedelta(days=day)).timestamp() * 1000)
    return UUID(int=(ms << 80) | (7 << 76) | (2 << 62) | n)


def stage_logs(con, *runs: UUID | None, day: int = 0) -> None:
    at = BEGIN + timedelta(days=day)
    rows = [
        {"id": UUID(int=n + 1), "run_id": run, "timestamp": at, "_observation": n, "_absent": 0, "_terminal": True}
        for n, run in enumerate(runs)
    ]
    stage(con, LOGS, staged(LOGS, rows))


def conditions(con, table=LOGS) -> list[str]:
    return [each.condition for each in reach.of_batch(con, table)]


def test_neighbouring_days_are_one_reach_and_a_late_run_is_its_own(con):
    runs = [of_day(0), of_day(200), of_day(201), of_day(202, 9)]
    stage_logs(con, *runs)
    assert conditions(con) == [
        f"t.run_id BETWEEN '{runs[0]}' AND '{runs[0]}'",
        f"t.run_id BETWEEN '{runs[1]}' AND '{runs[3]}'",
    ]


def test_too_many_reaches_become_one_where_they_are_nearest(con):
    near, far = [of_day(2 * n) for n in range(reach.MOST_REACHES)], of_day(400)
    stage_logs(con, *near, far)
    found = conditions(con)
    assert len(found) == reach.MOST_REACHES
    assert found[-1] == f"t.run_id BETWEEN '{far}' AND '{far}'"
    covered = [part.split("'")[1::2] for part in found]
    assert all(any(first <= str(run) <= last for first, last in covered) for run in near)


@pytest.mark.parametrize("run", [None, RANDOM])
def test_a_key_that_tells_no_day_is_looked_for_on_the_days_that_are_stored_and_not_on_those_it_tells(con, run):
    stage_logs(con, run, day=3)
    with warehouse.transaction(con):
        merge(con, LOGS, "load", BEGIN)
    stage_logs(con, run, day=90)
    assert conditions(con) == [
        "t.\"timestamp\" >= '2026-01-04 00:00:00+00' AND t.\"timestamp\" <= '2026-01-04 23:59:59.999999+00' AND true"
    ]


def test_ids_that_are_stored_nowhere_are_looked_for_nowhere_else(con):
    stage_logs(con, RANDOM)
    assert conditions(con) == []


def test_a_small_table_is_read_whole_where_an_id_tells_no_day(con):
    stage(con, FLOWS, staged(FLOWS, [{"id": RANDOM, "_observation": 1, "_absent": 0, "_terminal": False}]))
    assert reach.of_batch(con, FLOWS) == [reach.EVERYWHERE]


def test_a_row_that_moved_to_another_day_is_replaced_and_not_doubled(con):
    for number, day in enumerate((3, 90)):
        stage_logs(con, RANDOM, of_day(5), day=day)
        with warehouse.transaction(con):
            counts = merge(con, LOGS, f"load {number}", BEGIN)
    assert (counts.inserted, counts.updated) == (0, 2)
    days = con.execute("SELECT DISTINCT timestamp FROM warehouse.main.logs").fetchall()
    assert days == [(BEGIN + timedelta(days=90),)]


def test_a_row_of_the_last_day_there_is_is_found_again(con):
    last = datetime.max.replace(tzinfo=UTC)
    row = {"id": RANDOM, "timestamp": last, "_observation": 1, "_absent": 0, "_terminal": True}
    for number in range(2):
        stage(con, LOGS, staged(LOGS, [row | {"message": str(number), "_observation": number}]))
        with warehouse.transaction(con):
            counts = merge(con, LOGS, "load", BEGIN)
    assert (counts.inserted, counts.updated) == (0, 1)
