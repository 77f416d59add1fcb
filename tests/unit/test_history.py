"""History: half-open versions that touch, and marks of what the source dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from pipeline import warehouse
from pipeline.history import keep_versions, mark_gone_runs, mark_removed_pricing
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from tests.property.warehouse_rows import staged

DAY = timedelta(days=1)
BORN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
MODEL, RULE, OTHER, RUN = (UUID(int=n) for n in range(1, 5))


@pytest.fixture
def con(tmp_path):
    opened = warehouse.connect(tmp_path / "warehouse.duckdb", None)
    yield opened
    opened.close()


def rule(price, updated_at=BORN, id=RULE, at=NOW, **given):
    fixed = {"model_id": MODEL, "created_at": BORN, "updated_at": updated_at, "_absent": 0, "_terminal": False}
    return {"id": id, "price": Decimal(price), "_fetched_at": at, "_observation": at.timestamp() // 1, **fixed, **given}


def night(con, *rules, complete=False, at=NOW):
    pricing = TABLES["pricing"]
    stage(con, pricing, staged(pricing, [{**r, "_observation": int(r["_observation"])} for r in rules]))
    with warehouse.transaction(con):
        merge(con, pricing, "load", at)
        removed = mark_removed_pricing(con, {str(MODEL): at} if complete else {}, "load", at)
        keep_versions(con, pricing, "load")
    return removed


def versions(con, id=RULE):
    rows = con.execute(
        "SELECT price, valid_from, valid_to, assumed FROM warehouse.main.pricing_history WHERE id = $id ORDER BY 2",
        {"id": id},
    ).fetchall()
    return [(str(price.normalize()), start, end, assumed) for price, start, end, assumed in rows]


def test_an_unchanged_rule_has_one_version_from_its_creation(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", at=NOW + DAY))
    assert versions(con) == [("0.1", BORN, None, False)]


def test_a_rule_that_changed_before_it_was_first_seen_has_an_assumed_beginning(con):
    night(con, rule("0.1", updated_at=BORN + DAY))
    assert versions(con) == [("0.1", BORN, None, True)]


def test_a_new_price_ends_the_old_one_when_the_source_says_it_changed(con):
    night(con, rule("0.1"))
    night(con, rule("0.2", updated_at=NOW + DAY, at=NOW + 2 * DAY))
    assert versions(con) == [("0.1", BORN, NOW + DAY, False), ("0.2", NOW + DAY, None, False)]


def test_a_change_without_a_new_updated_at_begins_when_it_was_seen(con):
    night(con, rule("0.1"))
    night(con, rule("0.2", at=NOW + DAY))
    assert versions(con) == [("0.1", BORN, NOW + DAY, False), ("0.2", NOW + DAY, None, False)]


def test_a_counter_opens_no_version(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", updated_at=NOW + DAY, at=NOW + 2 * DAY))
    assert len(versions(con)) == 1


def test_a_disabled_rule_was_in_force_until_it_was_disabled(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", updated_at=NOW + 2 * DAY, disabled_at=NOW + DAY, at=NOW + 3 * DAY))
    assert versions(con) == [("0.1", BORN, NOW + DAY, False), ("0.1", NOW + DAY, NOW + DAY, False)]


def test_a_rule_missing_from_a_complete_list_is_removed_and_kept(con):
    night(con, rule("0.1"), rule("0.3", id=OTHER))
    assert night(con, rule("0.3", id=OTHER, at=NOW + DAY), complete=False, at=NOW + DAY) == 0
    assert night(con, rule("0.3", id=OTHER, at=NOW + DAY), complete=True, at=NOW + DAY) == 1
    assert versions(con) == [("0.1", BORN, NOW + DAY, False)]
    assert con.execute("SELECT id, _removed_at FROM warehouse.main.pricing ORDER BY id").fetchall() == [
        (RULE, NOW + DAY), (OTHER, None),
    ]  # fmt: skip
    assert con.execute("SELECT id FROM changed_pricing").fetchall() == [(RULE,)]


def test_a_list_that_became_empty_removes_every_rule(con):
    night(con, rule("0.1"), rule("0.3", id=OTHER))
    assert night(con, complete=True, at=NOW + DAY) == 2
    assert versions(con) == [("0.1", BORN, NOW + DAY, False)]


def test_a_removed_rule_that_comes_back_begins_a_new_version(con):
    night(con, rule("0.1"), rule("0.3", id=OTHER))
    night(con, rule("0.3", id=OTHER, at=NOW + DAY), complete=True, at=NOW + DAY)
    night(con, rule("0.1", at=NOW + 3 * DAY), complete=False, at=NOW + 3 * DAY)
    assert versions(con) == [("0.1", BORN, NOW + DAY, False), ("0.1", NOW + 3 * DAY, None, False)]


def test_a_run_that_is_gone_keeps_its_spend_and_is_marked_once(con):
    runs = TABLES["runs"]
    row = {"id": RUN, "cost": Decimal("0.5"), "created_at": NOW, "_fetched_at": NOW}
    stage(con, runs, staged(runs, [row | {"_observation": 1, "_absent": 0, "_terminal": True}]))
    merge(con, runs, "load", NOW)
    gone = {str(RUN): NOW + DAY, str(OTHER): NOW + DAY}
    assert mark_gone_runs(con, gone, "load", NOW) == 1
    assert mark_gone_runs(con, gone, "load", NOW) == 0
    assert con.execute("SELECT cost, _gone_at FROM warehouse.main.runs").fetchall() == [(Decimal("0.5"), NOW + DAY)]
    assert con.execute("SELECT count(*) FROM changed_runs").fetchall() == [(1,)]
