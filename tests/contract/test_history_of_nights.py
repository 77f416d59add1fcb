"""Nights of a source whose prices change: what was in force when, whatever came late, and what a run's price was."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipeline import observations, warehouse
from pipeline.rejects import list_rejects, replay_rejects
from pipeline.replay import run_replay
from pipeline.rows import BadField
from pipeline.sandbox import serve
from tests.product import NOW, SMALL, START, backfill, nightly, settings_for

DAY = timedelta(days=1)
CHANGED = START + 1.2 * DAY
# Of this seed, the model whose price changes has runs before the change and after it.
MOVING = replace(SMALL, seed=8, changes_after_days=1.2, price_rule_vanishes_after_days=1.2)
# Rows are received by the real clock, which is far behind every time of the simulated source.
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)


def histories(home):
    """Every version of every price, model and flow; the times of receipt, which no two homes share, as one."""
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return {
            name: con.execute(
                "SELECT h.* EXCLUDE (valid_to, _load_id), "
                "CASE WHEN h.valid_to > $received THEN $received ELSE h.valid_to END AS valid_to "
                f"FROM warehouse.main.{name}_history AS h ORDER BY h.id, h.valid_from",
                {"received": RECEIVED},
            ).fetchall()
            for name in ("pricing", "models", "flows")
        }


def asked(path, sql):
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        return con.execute(sql).fetchall()


def unreadable(monkeypatch, ids):
    """Let the decoder of an older version fail on these price rules."""
    known = observations.make_row

    def older(kind, wire, *rest):
        if kind == "pricing" and str(wire.id) in ids:
            raise BadField("price", "an older version cannot read it")
        return known(kind, wire, *rest)

    monkeypatch.setattr(observations, "make_row", older)


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Two nights with a change between them: read well, and with two prices of the first night in quarantine."""
    folder = tmp_path_factory.mktemp("nights")
    with serve(MOVING) as box:
        clean, late = (settings_for(box, folder / name) for name in ("clean", "late"))
        box.configure(now=START + DAY)
        nightly(clean, START + DAY)
        prices = dict(asked(clean.warehouse, "SELECT id::VARCHAR, price FROM pricing"))
        box.configure(now=NOW)
        nightly(clean, NOW)
        moved, gone = (
            asked(clean.warehouse, f"SELECT id::VARCHAR FROM pricing WHERE {condition}")[0][0]
            for condition in (f"updated_at = '{CHANGED}'", "_removed_at IS NOT NULL")
        )
        with pytest.MonkeyPatch.context() as older:
            unreadable(older, {moved, gone})
            box.configure(now=START + DAY)
            nightly(late, START + DAY)
        box.configure(now=NOW)
        nightly(late, NOW)
        replay_rejects(late, now=NOW)
        yield clean, late, prices[moved], moved, gone


def test_a_rule_that_could_be_read_only_after_it_had_vanished_ends_where_it_was_first_missing(homes):
    clean, late, _, _, gone = homes
    assert list_rejects(late) == []
    here, there = ([row for row in histories(s.home)["pricing"] if str(row[0]) == gone] for s in (late, clean))
    assert here == there
    assert [row[-1] for row in here] == [RECEIVED]
    # The first list without it, not the newest one that was read.
    assert asked(
        late.warehouse,
        "SELECT any_value(p._removed_at) = min(k.first_read_at) FROM pricing AS p INNER JOIN ledger.price_lists AS k "
        f"ON p.model_id = k.model_id WHERE p.id = '{gone}'",
    ) == [(True,)]


def test_rejects_that_can_be_read_later_and_a_replay_of_everything_end_in_the_history_of_nights_that_read_all(homes):
    clean, late, old_price, moved, _ = homes
    wanted = histories(clean.home)
    assert histories(late.home) == wanted
    run_replay(late, None, None, now=NOW, report=lambda _: None)
    assert histories(late.home) == wanted
    versions = [row for row in wanted["pricing"] if str(row[0]) == moved]
    assert [(row[1], row[-1], row[2]) for row in versions][1:] == [(CHANGED, None, False)]
    assert versions[0][-1] == CHANGED
    assert old_price in versions[0]
    changes = {name: len(rows) - len({row[0] for row in rows}) for name, rows in wanted.items()}
    assert changes == {"pricing": 1, "models": 1, "flows": 1}


def test_a_backfill_from_the_newest_day_on_leaves_each_run_the_price_of_its_start(homes):
    clean, _, old_price, moved, _ = homes
    before = histories(clean.home)
    backfill(clean, START, NOW, DAY, newest_first=True)
    assert histories(clean.home) == before
    published = clean.home / "published" / "flowledger.duckdb"
    assert asked(published, "SELECT count(*) - count(DISTINCT run_id) FROM marts.run_prices") == [(0,)]
    priced = asked(
        published,
        "SELECT r.priced_at, r.price_usd FROM marts.run_prices AS r "
        f"WHERE r.model_id = (SELECT p.model_id FROM pricing AS p WHERE p.id = '{moved}')",
    )
    assert {at >= CHANGED for at, _ in priced} == {True, False}
    assert {(at >= CHANGED, price / old_price) for at, price in priced} == {(False, 1), (True, type(old_price)("1.1"))}
