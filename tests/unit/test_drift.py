"""Drift of the source: found in the pages, kept in the ledger, told once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import codes, drift, ledger, loads
from pipeline.decode import STRUCTS, read_head
from pipeline.flatten import flatten
from pipeline.nested_drift import VIEWS_OF
from pipeline.observations import Observations
from pipeline.privacy import parse
from pipeline.progress import MOST_DRIFT, summary
from pipeline.retyped import json_type, type_of
from pipeline.tables import TABLES
from pipeline.values import Batch, Drift, LandedPage, Outcome, Request
from pipeline.warehouse import connect, transaction

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def uid(n: int) -> str:
    return f"3c90c3cc-0d44-4b50-8888-{n:012d}"


def log(n=1, **more):
    return {"id": uid(n), "timestamp": "2026-11-22T10:00:00Z", "message": "m", **more}


def run(n=100, **more):
    return {"id": uid(n), "status_code": "succeeded", "created_at": "2026-11-22T09:00:00Z", **more}


def taken_in(observed, items, kind, page=0):
    at = NOW + page * MINUTE
    landed = LandedPage(page, Request(kind, "/v1/x"), 200, "identity", "0", at)
    observed.add(kind, read_head(json.dumps({"items": items}).encode()).items, landed, None)
    return observed


def seen(*pages, kind="logs"):
    observed = Observations(1, parse("keep"))
    for page, items in enumerate(pages):
        taken_in(observed, items, kind, page)
    return observed


def found(observed):
    return {(d.table, d.path, d.kind, d.detail): d for d in observed.sightings.drift}


def batch(*pages, kind="runs"):
    observed = seen(*pages, kind=kind)
    tables = flatten(observed.settle(), observed.fetched_at)
    return Batch(
        tables,
        tuple(observed.rejects),
        tuple(observed.sightings.drift),
        carried=observed.sightings.carried,
    )


class Ledger:
    """A warehouse of which only the books are kept: each load is one commit or more, and ends."""

    def __init__(self, path):
        self.con = connect(path, ("https://api.example", None))
        self.commits = 0
        self.load = None

    def begin(self, command="nightly"):
        self.load = loads.begin_load(self.con, command, {}, NOW)
        self.commits = 0

    def commit(self, given, number=None):
        number = self.commits if number is None else number
        with transaction(self.con):
            new = drift.keep_drift(self.con, self.load, number, given)
            ledger.record_window(self.con, self.load, number, None, given, NOW)
        self.commits += 1
        return [drift.told(d.table, d.path, d.kind, d.detail) for d in new]

    def end(self):
        return [drift.told(d.table, d.path, d.kind, d.detail) for d in drift.record_missing(self.con, self.load)]

    def night(self, given, command="nightly"):
        self.begin(command)
        return [*self.commit(given), *self.end()]

    def rows(self, sql):
        return self.con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    held = Ledger(tmp_path_factory.mktemp("books") / "warehouse.duckdb")
    yield held
    held.con.close()


@pytest.fixture
def books(kept):
    """The books of a new warehouse; making one costs more than all that a test does with it."""
    for name in ("drift", "codes", "fields", "loads", "windows"):
        kept.con.execute(f"DELETE FROM warehouse.ledger.{name}")
    return kept


def runs(count=6, first=100, **more):
    return [run(first + n, **more) for n in range(count)]


# Unknown fields.


def test_an_unknown_field_is_counted_per_row_with_its_type_a_sample_and_when_its_pages_came():
    observed = seen([log(1, mood="x"), log(2)], [log(3, mood=None), log(4, mood="y")])
    assert found(observed) == {
        ("logs", "mood", "unknown", "string"): Drift("logs", "mood", "unknown", uid(1), 2, NOW, NOW + MINUTE, "string"),
        ("logs", "mood", "unknown", None): Drift("logs", "mood", "unknown", uid(3), 1, NOW + MINUTE, NOW + MINUTE),
    }


LEVELS = {
    "logs": lambda more: (log(**more), "logs"),
    "runs": lambda more: (log(run=run(**more)), "logs"),
    "node_runs": lambda more: (run(node_runs=[{"id": uid(2), **more}]), "runs"),
    "flows": lambda more: ({"id": uid(3), **more}, "flows"),
    "models": lambda more: (run(model={"id": uid(4), **more}), "runs"),
    "pricing": lambda more: ({"id": uid(4), "pricing": [{"id": uid(5), **more}]}, "models"),
}
RELATIONS = {"run", "node_runs", "logs", "flow", "model", "pricing"}
KEYS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=12).filter(lambda key: key not in RELATIONS),
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("ab", max_size=3), st.just([1]), st.just({"a": 1})),
    max_size=6,
)


@given(level=st.sampled_from(sorted(LEVELS)), keys=KEYS)
@settings(max_examples=100, deadline=None)
def test_any_unknown_keys_are_named_once_each_and_kept_in_extra(level, keys):
    keys = {key: value for key, value in keys.items() if key not in STRUCTS[level].__struct_fields__}
    item, kind = LEVELS[level](keys)
    observed = seen([item], kind=kind)
    assert sorted((d.table, d.path, d.count) for d in observed.sightings.drift) == sorted((level, k, 1) for k in keys)
    assert {d.path: d.detail for d in observed.sightings.drift} == {k: type_of(value) for k, value in keys.items()}
    (row,) = flatten(observed.settle(), observed.fetched_at)[level].to_pylist()
    assert json.loads(row["extra"] or "{}") == keys


PLACES = [(name, view) for name, views in VIEWS_OF.items() for view in views]


@pytest.mark.parametrize(("table", "view"), PLACES, ids=lambda each: getattr(each, "name", each))
def test_an_unknown_key_inside_any_list_is_named_by_its_path(table, view):
    column, _, inner = view.path.partition("[].")
    entry = {"id": uid(9), "zoom": 2}
    held = [{"id": uid(8), inner: [entry, entry]}] if inner else [entry, entry] if view.is_list else entry
    observed = seen([{"id": uid(1), column: held}], kind=table)
    path = f"{view.path}{'[]' if view.is_list else ''}.zoom"
    assert [(d.path, d.detail, d.count) for d in observed.sightings.drift] == [(path, "number", 1)]


# Fields of another type.


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("runs", {"cost": {"usd": 1}}, {"cost": "object instead of decimal"}),
        ("runs", {"cost": True, "has_logs": "yes"}, {"cost": "boolean instead of decimal",
                                                     "has_logs": "string instead of boolean"}),
        ("runs", {"duration_ms": 1.5}, {"duration_ms": "fraction instead of integer"}),
        ("runs", {"duration_ms": "12"}, {"duration_ms": "string instead of integer"}),
        ("runs", {"status_code": 3}, {"status_code": "number instead of text"}),
        ("runs", {"started_at": 1732000000}, {"started_at": "number instead of timestamp"}),
        ("runs", {"flow_id": ["a"]}, {"flow_id": "list instead of uuid"}),
        ("runs", {"cost": "12,50"}, {}),
        ("runs", {"started_at": "2026-11-20T10:00:00"}, {}),
        ("runs", {"flow_id": "not-a-uuid"}, {}),
        ("runs", {"duration_ms": 10**30}, {}),
        ("runs", {"id": None}, {}),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_drift_and_a_bad_value_is_only_rejected(kind, fields, told):
    observed = seen([run(**fields)], kind=kind)
    assert len(observed.rejects) == 1
    assert {d.path: d.detail for d in observed.sightings.drift} == told
    assert {d.kind for d in observed.sightings.drift} <= {"type"}


def test_a_new_type_is_one_row_however_many_rows_have_it(books):
    items = [run(n, cost={"usd": n}) for n in range(7)]
    assert books.night(batch([*items, run(99, cost=[])])) == [
        "runs: type cost: object instead of decimal", "runs: type cost: list instead of decimal",
    ]  # fmt: skip
    assert books.night(batch(items)) == []
    told = books.rows("SELECT count, sample_id, detail FROM warehouse.ledger.drift ORDER BY count")
    assert told == [(1, uid(99), "list instead of decimal"), (14, uid(0), "object instead of decimal")]


@pytest.mark.parametrize(
    ("item", "kind", "told"),
    [
        (log(run=uid(100)), "logs", ("runs", "", "string instead of object")),
        (run(node_runs={"0": {"id": uid(2)}}), "runs", ("runs", "node_runs", "object instead of list")),
        ({"id": uid(4), "pricing": "free"}, "models", ("models", "pricing", "string instead of list")),
    ],
)
def test_a_relation_of_another_form_is_drift(item, kind, told):
    assert [(d.table, d.path, d.detail) for d in seen([item], kind=kind).sightings.drift] == [told]


@pytest.mark.parametrize("relation", [None, []])
def test_a_relation_that_is_null_or_empty_is_none(relation):
    assert seen([run(node_runs=relation, logs=relation)], kind="runs").sightings.drift == []


def test_an_unknown_field_that_changes_its_type_is_a_field_of_another_type_and_null_is_no_type(books):
    assert books.night(batch(runs(planet=None))) == ["runs: unknown planet"]
    assert books.night(batch(runs(planet=1))) == []
    assert books.night(batch(runs(planet=2.5))) == []
    assert books.night(batch(runs(planet=["x"]))) == ["runs: type planet: list instead of number"]
    assert books.night(batch(runs(planet=["y"]))) == []
    assert books.rows("SELECT kind, detail, count FROM warehouse.ledger.drift ORDER BY kind") == [
        ("type", "list instead of number", 12), ("unknown", "number", 30),
    ]  # fmt: skip


# Missing fields.


def test_a_field_that_no_row_has_any_more_is_missing_and_null_is_not_missing(books):
    assert books.night(batch(runs(client_ref="a", batch_id=None, cost="1"))) == []
    assert books.night(batch(runs(client_ref=None, batch_id=None))) == ["runs: missing cost"]
    assert books.night(batch(runs(cost=None))) == ["runs: missing batch_id", "runs: missing client_ref"]
    first, last, count, sample = books.rows(
        "SELECT first_seen_at, last_seen_at, count, sample_id FROM warehouse.ledger.drift WHERE path = 'cost'"
    )[0]
    assert (first, last, count, sample) == (NOW, NOW, 6, uid(100))


def test_a_field_that_one_row_of_the_load_has_is_not_missing(books):
    books.night(batch(runs(cost="1")))
    books.begin()
    assert books.commit(batch(runs())) == []
    assert books.commit(batch([run(1, cost=None)])) == []
    assert books.end() == []


@pytest.mark.parametrize("case", ["few rows", "another command", "never came"])
def test_what_says_nothing_of_a_field_is_no_drift(books, case):
    books.night(batch(runs(cost="1") if case != "never came" else runs()))
    count, command = (
        (4, "nightly") if case == "few rows" else (6, "backfill" if case == "another command" else "nightly")
    )
    assert books.night(batch(runs(count)), command) == []


def test_a_key_that_the_parent_stands_in_for_is_still_missing(books):
    def with_nodes(**more):
        return batch([run(node_runs=[{"id": uid(n), **more} for n in range(6)])])

    books.night(with_nodes(run_id=uid(100)))
    assert "node_runs: missing run_id" in books.night(with_nodes())


@pytest.mark.parametrize("kind", TABLES)
def test_what_a_row_carried_are_its_keys_and_no_other(kind):
    names = TABLES[kind].names
    for name in names[1:]:
        carried = seen([{"id": uid(1), name: None}], kind=kind).sightings.carried[kind]
        assert {n for bit, n in enumerate(names) if carried >> bit & 1} == {"id", name}


# Codes.


def test_the_first_load_says_which_codes_there_are_and_every_later_one_is_news_once(books):
    books.begin()
    assert books.commit(batch(runs(source_code="api"))) == []
    assert books.commit(batch(runs(source_code="playground"))) == []
    assert books.night(batch(runs(source_code="schedule"), [run(7, source_code="api")])) == [
        "runs: code source_code: schedule"
    ]
    assert books.night(batch([run(8, source_code="schedule")])) == []
    assert books.rows("SELECT count, sample_id FROM warehouse.ledger.drift") == [(7, uid(100))]
    assert books.rows(
        "SELECT value, count FROM warehouse.ledger.codes WHERE column_name = 'source_code' ORDER BY value"
    ) == [("api", 7), ("playground", 6), ("schedule", 7)]


def test_a_status_is_news_when_no_page_of_the_vendor_names_it_also_in_the_first_load(books):
    named = ["queued", "running", "cancelled", "timeout"]
    assert books.night(
        batch([*runs(status_code="superseded"), *(run(n, status_code=s) for n, s in enumerate(named))])
    ) == ["runs: code status_code: superseded"]
    assert books.night(batch(runs(status_code="dispatching"))) == []


def test_a_load_of_a_few_rows_does_not_say_which_codes_there_are(books):
    assert books.night(batch([run(1, source_code="api")])) == []
    assert books.night(batch(runs(source_code="schedule"))) == []
    assert books.night(batch(runs(source_code="batch"))) == ["runs: code source_code: batch"]


def test_a_column_whose_values_are_no_codes_is_told_once_and_fills_nothing(books):
    def codes_of(first, count):
        return batch([run(n, failure_code=f"E{n:04}") for n in range(first, first + count)])

    books.night(codes_of(0, codes.MOST_VALUES - 1))
    assert books.night(codes_of(1000, 3)) == [
        "runs: code failure_code: E1000", f"runs: code failure_code: {codes.TOO_MANY}",
    ]  # fmt: skip
    assert books.night(codes_of(2000, 9)) == []
    assert books.night(batch(runs(source_code="api", failure_code=None))) == ["runs: code source_code: api"]
    kept = "SELECT count(*) AS kept FROM warehouse.ledger.codes WHERE column_name = 'failure_code'"
    assert books.rows(kept) == [(codes.MOST_VALUES,)]
    many = f"SELECT count FROM warehouse.ledger.drift WHERE detail = '{codes.TOO_MANY}'"
    assert books.rows(many) == [(11,)]


def test_every_code_that_the_pages_call_one_is_watched():
    watched = {(table, column) for table, columns in codes.CODES.items() for column in columns}
    told = {
        (name, c.name)
        for name, table in TABLES.items()
        for c in table.columns
        if c.name.endswith("_code") or "open text" in c.doc
    }
    assert told <= watched


# The ledger.


def test_a_commit_that_is_replayed_counts_nothing_twice(books):
    given_batch = batch(runs(planet="x", source_code="api", status_code="superseded"))
    books.begin()
    books.commit(given_batch)
    held = "FROM warehouse.ledger.{} ORDER BY ALL"
    before = [books.rows(held.format(name)) for name in ("drift", "codes", "fields")]
    assert books.commit(given_batch, number=0) == []
    assert [books.rows(held.format(name)) for name in ("drift", "codes", "fields")] == before


def test_drift_that_is_rolled_back_was_never_seen(books):
    books.begin()
    given_batch = batch(runs(planet="x", source_code="api"))

    def fails():
        with transaction(books.con):
            drift.keep_drift(books.con, books.load, 0, given_batch)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert [books.rows(f"FROM warehouse.ledger.{name}") for name in ("drift", "codes", "fields")] == [[], [], []]
    assert books.commit(given_batch) == ["runs: unknown planet (string)"]


def test_pages_committed_out_of_order_keep_the_first_and_the_last_sight(books):
    one = Drift("runs", "planet", "unknown", uid(1), 1, NOW, NOW + DAY, "string")
    assert drift.record(books.con, [one]) == [one]
    assert drift.record(books.con, [replace(one, first_seen_at=NOW - DAY, last_seen_at=NOW, count=2)]) == []
    assert books.rows("SELECT first_seen_at, last_seen_at, count FROM warehouse.ledger.drift") == [
        (NOW - DAY, NOW + DAY, 3)
    ]


def test_keys_that_are_ids_fill_one_row_beyond_a_bound(books):
    def keys_of(first, count):
        return batch([run(1, **{f"k{n}": 1 for n in range(first, first + count)})])

    assert len(books.night(keys_of(0, drift.MOST_PATHS + 5))) == drift.MOST_PATHS + 1
    assert books.night(keys_of(1000, 7)) == []
    assert books.rows("SELECT path, count, detail FROM warehouse.ledger.drift WHERE path = '*'") == [
        ("*", 12, drift.TOO_MANY)
    ]
    assert books.night(batch(runs(1, status_code="superseded"))) == ["runs: code status_code: superseded"]


def test_the_summary_names_what_is_new_and_not_all_of_what_is_too_much():
    lines = tuple(f"runs: unknown k{n} (string)" for n in range(MOST_DRIFT + 3))
    told = summary(Outcome("nightly", "load", 0, drift=lines[:2], published="v1"), Path("home"))
    assert "\n\nDrift: " in told
    assert all(f"\n  {line}\n" in told for line in lines[:2])
    assert "more" not in told
    told = summary(Outcome("nightly", "load", 0, drift=lines, published="v1"), Path("home"))
    assert "and 3 more: flowledger status" in told
    assert "Drift" not in summary(Outcome("nightly", "load", 0, published="v1"), Path("home"))


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", [], {}, ""])
def test_a_type_is_the_same_in_text_and_in_python(value):
    assert json_type(json.dumps(value).encode()) == type_of(value)
