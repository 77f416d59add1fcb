"""What a load has said of its dimensions before need not be committed again: tables and histories end the same."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from pipeline import warehouse
from pipeline.history import keep_versions
from pipeline.merge import merge
from pipeline.repeats import Repeats
from pipeline.stage import stage
from pipeline.tables import TABLES
from pipeline.values import Batch, Merged, Reject
from tests.property.test_history import PRICING, Event, observed, timelines
from tests.property.warehouse_rows import staged

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MODEL = str(UUID(int=1000))
NOTHING = {name: Merged() for name in TABLES}


def batch(*events):
    """What one window brings: looks at a rule, or a complete list without it."""
    rows = staged(PRICING, [observed(0, event) for event in events if event.known is not None])
    tables = {name: staged(table, []) for name, table in TABLES.items()} | {"pricing": rows}
    lists = [event.seen_at for event in events if event.known is None]
    return Batch(tables=tables, complete_pricing={MODEL: lists[-1]} if lists else {})


def look(order, price):
    """A look at the one rule."""
    return Event(order, NOW, (("price", price), ("description", "a"), ("disabled_at", None)))


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    opened = warehouse.connect(tmp_path_factory.mktemp("repeats") / "warehouse.duckdb", None)
    yield opened
    opened.close()


def stored(con, batches, repeats):
    """The rule and its history after these batches, and how many of them were committed whole."""
    for name in ("main.pricing", "main.pricing_history", "ledger.pricing_sightings", "ledger.price_lists"):
        con.execute(f"DELETE FROM warehouse.{name}")
    whole = 0
    for given_batch in batches:
        now, said = repeats.without(given_batch) if repeats else (given_batch, set())
        merged = dict(NOTHING)
        if now.tables["pricing"].num_rows or now.complete_pricing:
            whole += 1
            stage(con, PRICING, now.tables["pricing"])
            with warehouse.transaction(con):
                merged["pricing"] = merge(con, PRICING, "load", NOW)
                removed = keep_versions(con, PRICING, "load", NOW, now.complete_pricing)
                merged["pricing"] += Merged(removed=removed)
        if repeats:
            repeats.committed(said, merged, now.rejects)
    rows = con.execute("SELECT * EXCLUDE (_fetched_at, _observation) FROM warehouse.main.pricing").fetchall()
    history = con.execute("SELECT * FROM warehouse.main.pricing_history ORDER BY valid_from").fetchall()
    return (rows, history), whole


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(timelines(stale=True, most=7))
def test_the_rule_and_its_history_end_as_if_everything_had_been_committed_again(con, events):
    batches = [batch(event) for event in events]
    assert stored(con, batches, Repeats())[0] == stored(con, batches, None)[0]


def test_of_equal_batches_one_is_committed_and_a_return_to_an_old_state_is_no_repeat(con):
    batches = [batch(look(order, price)) for order, price in enumerate([1, 1, 1, 2, 2, 1, 1])]
    (rows, history), whole = stored(con, batches, Repeats())
    assert whole == 3
    assert ((rows, history), 7) == stored(con, batches, None)


def test_a_batch_that_says_one_thing_more_is_committed_whole():
    repeats = Repeats()
    _, said = repeats.without(batch(look(0, 1)))
    repeats.committed(said, NOTHING | {"pricing": Merged(inserted=1)}, ())
    assert repeats.without(batch(look(1, 1)))[0].tables["pricing"].num_rows == 0
    assert repeats.without(batch(look(1, 1), look(2, 2)))[0].tables["pricing"].num_rows == 2
    complete = Event(2, None, None)
    assert repeats.without(batch(look(1, 1), complete))[0].complete_pricing == {MODEL: complete.seen_at}


def test_after_a_rule_that_could_not_be_read_the_good_copy_is_committed_again():
    repeats = Repeats()
    _, said = repeats.without(batch(look(0, 1)))
    repeats.committed(said, NOTHING, ())
    bad = Reject("pricing", str(UUID(int=1)), "price", "is no number", "{}", "/v1/models", "0", 1, NOW)
    repeats.committed(set(), NOTHING, (bad,))
    assert repeats.without(batch(look(1, 1)))[0].tables["pricing"].num_rows == 1
