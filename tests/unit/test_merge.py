"""The merge writes what changed and nothing else, wherever the row lies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from pipeline import warehouse
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from pipeline.values import Merged
from tests.property.warehouse_rows import staged

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN, LATE_RUN = UUID("019a0000-0000-7000-8000-000000000001"), UUID("018a0000-0000-7000-8000-000000000002")
LOG = UUID("5f9d7a30-3f4e-4c1b-9a55-000000000001")


@pytest.fixture
def con(tmp_path):
    opened = warehouse.connect(tmp_path / "warehouse.duckdb", None)
    yield opened
    opened.close()


def row(id, observation=1, **given):
    fixed = {"id": id, "_observation": observation, "_absent": 0, "_terminal": False, "_fetched_at": NOW}
    return fixed | given


def merged(con, name, *rows, load="first", now=NOW):
    stage(con, TABLES[name], staged(TABLES[name], list(rows)))
    with warehouse.transaction(con):
        return merge(con, TABLES[name], load, now)


def stored(con, name, *columns):
    return con.execute(f"SELECT {', '.join(columns)} FROM warehouse.main.{name} ORDER BY id").fetchall()


def test_a_repeated_row_is_not_written_again(con):
    merged(con, "runs", row(RUN, cost=Decimal("0.5"), created_at=NOW))
    assert merged(con, "runs", row(RUN, 9, cost=Decimal("0.5"), created_at=NOW), load="second") == Merged(unchanged=1)
    assert stored(con, "runs", "_load_id", "_observation") == [("first", 1)]


def test_a_changed_row_names_both_its_days(con):
    merged(con, "runs", row(RUN, created_at=NOW))
    merged(con, "runs", row(RUN, 2, created_at=NOW + timedelta(days=1)))
    changed = con.execute("SELECT action, old_day, new_day FROM changed_runs").fetchall()
    assert changed == [("update", date(2026, 11, 20), date(2026, 11, 21))]


def test_the_day_is_the_utc_day(con):
    last = datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=UTC)
    merged(con, "runs", row(RUN, created_at=last))
    con.execute("SET TimeZone = 'Asia/Tokyo'")
    merged(con, "runs", row(RUN, 2, status_code="x", created_at=last))
    assert con.execute("SELECT old_day, new_day FROM changed_runs").fetchall() == [(date(2026, 11, 20),) * 2]


@pytest.mark.parametrize(("first", "second"), [(None, RUN), (RUN, None), (None, None), (RUN, RUN)])
def test_a_log_is_found_again_whether_or_not_its_run_was_known(con, first, second):
    bit = 1 << TABLES["logs"].names.index("run_id")
    given = [row(LOG, n, run_id=run, _absent=0 if run else bit) for n, run in ((1, first), (2, second))]
    merged(con, "logs", given[0])
    merged(con, "logs", given[1])
    assert stored(con, "logs", "run_id") == [(first or second,)]


def test_rows_far_apart_in_time_are_found_each_in_its_span(con):
    merged(con, "runs", row(RUN), row(LATE_RUN))
    counts = merged(con, "runs", row(RUN, 2, status_code="failed"), row(LATE_RUN, 2), row(UUID(int=9), 2))
    assert counts == Merged(inserted=1, updated=1, unchanged=1)


def test_a_run_that_was_gone_and_is_seen_again_loses_its_mark(con):
    merged(con, "runs", row(RUN))
    con.execute("UPDATE warehouse.main.runs SET _gone_at = $at", {"at": NOW + timedelta(hours=1)})
    assert merged(con, "runs", row(RUN, 2)) == Merged(unchanged=1)
    assert merged(con, "runs", row(RUN, 3, _fetched_at=NOW + timedelta(hours=2))) == Merged(updated=1)
    assert stored(con, "runs", "_gone_at") == [(None,)]


def test_an_eighteenth_digit_is_a_change(con):
    merged(con, "runs", row(RUN, cost=Decimal("1.000000000000000001")))
    assert merged(con, "runs", row(RUN, 2, cost=Decimal("1.000000000000000002"))) == Merged(updated=1)
