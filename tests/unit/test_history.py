"""History: half-open versions that touch, and marks of what the source dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest

from pipeline import warehouse
from pipeline.history import keep_versions, mark_gone_runs
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from tests.property.warehouse_rows import staged

DAY = timedelta(days=1)
BORN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
MODEL, RULE, OTHER, RUN = (UUID(int=n) for n in range(1, 5))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    opened = warehouse.connect(tmp_path_factory.mktemp("history") / "warehouse.duckdb", None)
    yield opened
    opened.close()


@pytest.fixture
def con(opened):
    for name in ("main.pricing", "main.pricing_history", "main.runs", "ledger.pricing_sightings", "ledger.price_lists"):
        opened.execute(f"DELETE FROM warehouse.{name}")
    return opened


def rule(price, updated_at=BORN, id=RULE, at=NOW, **given):
    fixed = {"model_id": MODEL, "created_at": BORN, "updated_at": updated_at, "_absent": 0, "_terminal": False}
    return {"id": id, "price": Decimal(price), "_fetched_at": at, "_observation": at.timestamp() // 1, **fixed, **given}


def night(con, *rules, complete=False, at=NOW, load="load"):
    pricing = TABLES["pricing"]
    stage(con, pricing, staged(pricing, [{**r, "_observation": int(r["_observation"])} for r in rules]))
    with warehouse.transaction(con):
        merge(con, pricing, "load", at)
        return keep_versions(con, pricing, load, at, {str(MODEL): at} if complete else {})


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


OLD = rule("0.1", at=NOW)
NEW = rule("0.2", updated_at=NOW + 2 * DAY, at=NOW + 3 * DAY)
BETWEEN = rule("0.15", updated_at=NOW + DAY, at=NOW + DAY)


@pytest.mark.parametrize(
    "order", list(permutations((OLD, BETWEEN, NEW))), ids=lambda order: "-".join(str(copy["price"]) for copy in order)
)
def test_an_older_state_that_is_read_late_takes_its_place_and_its_neighbours_touch_it(con, order):
    for copy in order:
        night(con, copy)
    assert versions(con) == [
        ("0.1", BORN, NOW + DAY, False), ("0.15", NOW + DAY, NOW + 2 * DAY, False), ("0.2", NOW + 2 * DAY, None, False),
    ]  # fmt: skip


def test_a_version_that_comes_late_is_published_though_the_rule_itself_did_not_change(con):
    night(con, OLD)
    night(con, NEW)
    night(con, BETWEEN)
    assert con.execute("SELECT id, action FROM changed_pricing").fetchall() == [(RULE, "update")]
    assert con.execute("SELECT price FROM warehouse.main.pricing").fetchall() == [(Decimal("0.2"),)]


def test_what_is_read_again_writes_no_version_and_what_is_late_only_those_it_moves(con):
    def written():
        return con.execute("SELECT price, _load_id FROM warehouse.main.pricing_history ORDER BY valid_from").fetchall()

    night(con, OLD, NEW, load="first")
    for copy in (NEW, OLD, rule("0.2", updated_at=NOW + 2 * DAY, at=NOW + 9 * DAY)):
        night(con, copy, load="again")
        assert con.execute("SELECT count(*) FROM changed_pricing").fetchall() == [(0,)]
    assert {load for _, load in written()} == {"first"}
    night(con, BETWEEN, load="late")
    assert [load for _, load in written()] == ["first", "late", "first"]
    # Nights that see nothing new leave no row behind.
    assert con.execute("SELECT count(*) FROM warehouse.ledger.pricing_sightings").fetchall() == [(3,)]


ABSENT = 1 << TABLES["pricing"].names.index("description")


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_partial_copy_opens_no_version_that_loses_what_it_does_not_say(con, order):
    copies = (
        rule("0.1", description="list price"),
        rule("0.1", at=NOW + DAY, _absent=ABSENT),
        rule("0.2", updated_at=NOW + 2 * DAY, at=NOW + 3 * DAY, _absent=ABSENT),
    )
    for place in order:
        night(con, copies[place])
    assert versions(con) == [("0.1", BORN, NOW + 2 * DAY, False), ("0.2", NOW + 2 * DAY, None, False)]
    told = con.execute("SELECT DISTINCT description FROM warehouse.main.pricing_history").fetchall()
    assert told == [("list price",)]


def test_a_removed_rule_that_comes_back_as_an_old_copy_is_back_all_the_same(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", updated_at=NOW + 2 * DAY, at=NOW + 2 * DAY))
    assert night(con, complete=True, at=NOW + 3 * DAY) == 1
    night(con, rule("0.1", updated_at=NOW + DAY, at=NOW + 4 * DAY))
    assert versions(con) == [("0.1", BORN, NOW + 3 * DAY, False), ("0.1", NOW + 4 * DAY, None, False)]
    assert con.execute("SELECT _removed_at FROM warehouse.main.pricing").fetchall() == [(None,)]


def test_a_list_that_is_read_late_ends_a_rule_only_until_it_was_seen_again(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", at=NOW + 3 * DAY))
    assert night(con, complete=True, at=NOW + DAY) == 0
    assert versions(con) == [("0.1", BORN, NOW + DAY, False), ("0.1", NOW + 3 * DAY, None, False)]
    assert con.execute("SELECT _removed_at FROM warehouse.main.pricing").fetchall() == [(None,)]


def test_a_rule_that_nobody_knew_is_removed_from_the_first_list_without_it(con):
    night(con, rule("0.3", id=OTHER, at=NOW), at=NOW)
    for days in (1, 2, 3):
        night(con, rule("0.3", id=OTHER, at=NOW + days * DAY), complete=True, at=NOW + days * DAY)
    assert con.execute("SELECT count(*) FROM warehouse.ledger.price_lists").fetchall() == [(1,)]
    assert night(con, rule("0.1", at=NOW)) == 1
    assert versions(con) == [("0.1", BORN, NOW + DAY, False)]
    assert con.execute("SELECT _removed_at FROM warehouse.main.pricing ORDER BY id").fetchall()[0] == (NOW + DAY,)


def test_a_silent_change_after_a_counted_one_begins_when_it_was_seen(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", updated_at=NOW + DAY, at=NOW + 2 * DAY))
    night(con, rule("0.2", updated_at=NOW + DAY, at=NOW + 3 * DAY))
    assert versions(con) == [("0.1", BORN, NOW + 3 * DAY, False), ("0.2", NOW + 3 * DAY, None, False)]


def test_a_state_that_is_read_late_between_two_equal_ones_leaves_both(con):
    night(con, rule("0.1"))
    night(con, rule("0.1", at=NOW + 4 * DAY))
    night(con, rule("0.2", at=NOW + 2 * DAY))
    assert versions(con) == [
        ("0.1", BORN, NOW + 2 * DAY, False),
        ("0.2", NOW + 2 * DAY, NOW + 4 * DAY, False),
        ("0.1", NOW + 4 * DAY, None, False),
    ]


def test_an_equal_copy_that_says_when_the_change_was_moves_the_beginning_there(con):
    night(con, rule("0.1"))
    night(con, rule("0.2", at=NOW + 3 * DAY))
    assert versions(con)[-1] == ("0.2", NOW + 3 * DAY, None, False)
    night(con, rule("0.2", updated_at=NOW + DAY, at=NOW + 4 * DAY))
    assert versions(con) == [("0.1", BORN, NOW + DAY, False), ("0.2", NOW + DAY, None, False)]


def test_a_change_that_the_source_dates_before_it_was_seen_to_have_another_state_stands_where_the_source_says(con):
    night(con, rule("0.1"))
    night(con, rule("0.2", at=NOW + 3 * DAY))
    night(con, rule("0.3", updated_at=NOW + 2 * DAY, at=NOW + 4 * DAY))
    just_before = NOW + 2 * DAY - timedelta(microseconds=1)
    assert versions(con) == [
        ("0.1", BORN, just_before, False),
        ("0.2", just_before, NOW + 2 * DAY, False),
        ("0.3", NOW + 2 * DAY, None, False),
    ]


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
