"""Lists of the sandbox over real HTTP: filters, sorts, and pages that lose and repeat nothing."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from pipeline.sandbox import truth
from tests.contract.asking import LOGS, NOW, ids, rows, sandbox, time_of, walk, written


@pytest.fixture(scope="module")
def plain():
    with sandbox() as (box, client):
        yield box, client, truth(box.config)


def test_a_walk_over_all_pages_shows_every_log_once(plain):
    _, client, true = plain
    found = [each for page in walk(client, limit=7) for each in ids(page["items"])]
    assert len(found) == len(set(found))
    assert set(found) == set(true.logs)


@pytest.mark.parametrize(("path", "kind"), [("/v1/runs", "runs"), ("/v1/runs/any/node-runs", "node_runs")])
def test_a_walk_over_runs_and_node_runs_shows_each_once(plain, path, kind):
    _, client, true = plain
    found = [each for page in walk(client, path, limit=9) for each in ids(page["items"])]
    assert sorted(found) == sorted(getattr(true, kind))


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/flows", "flows"), ("/v1/models", "models"), ("/v1/models/any/pricing", "pricing")]
)
def test_flows_models_and_price_rules_are_listed_whole(plain, path, kind):
    _, client, true = plain
    assert set(ids(rows(client, path, limit=500))) == set(getattr(true, kind))


@pytest.mark.parametrize(
    ("low", "high", "takes"),
    [
        (">=", "<=", lambda time, first, last: first <= time <= last),
        (">=", "<", lambda time, first, last: first <= time < last),
        (">", "<=", lambda time, first, last: first < time <= last),
        (">", "<", lambda time, first, last: first < time < last),
    ],
)
def test_a_bound_is_included_exactly_when_its_operator_says_so(plain, low, high, takes):
    _, client, true = plain
    times = sorted(log["timestamp"] for log in true.logs.values())
    first, last = times[5], times[20]
    q = f"timestamp {low} {written(first)} AND timestamp {high} {written(last)}"
    assert set(ids(rows(client, q=q, limit=500))) == {
        each for each, log in true.logs.items() if takes(log["timestamp"], first, last)
    }


def test_a_microsecond_beside_a_row_leaves_it_out(plain):
    _, client, true = plain
    time = min(run["created_at"] for run in true.runs.values())
    assert len(rows(client, "/v1/runs", q=f"created_at <= {written(time)}")) == 1
    assert rows(client, "/v1/runs", q=f"created_at < {written(time)}") == []
    assert rows(client, "/v1/runs", q=f"created_at <= {written(time - timedelta(microseconds=1))}") == []


INFIX = "timestamp >= {} AND timestamp < {}"
DOTTED = "timestamp.gte:'{}' AND timestamp.lt:'{}'"
SPAN = (written(NOW - timedelta(hours=20)), written(NOW - timedelta(hours=2)))


@pytest.mark.parametrize(
    ("grammar", "infix", "dotted"),
    [
        ("both", "filters", "filters"),
        ("infix", "filters", "refuses"),
        ("dotted", "refuses", "filters"),
        ("dotted-eq", "refuses", "refuses"),
        ("reject", "refuses", "refuses"),
        ("ignore", "shows all", "shows all"),
    ],
)
def test_each_grammar_filters_refuses_or_ignores_as_it_says(grammar, infix, dotted):
    with sandbox(grammar=grammar) as (box, client):
        true = truth(box.config).logs
        first, last = map(time_of, SPAN)
        inside = {each for each, log in true.items() if first <= log["timestamp"] < last}
        for form, expected in ((INFIX, infix), (DOTTED, dotted)):
            answer = client.get(LOGS, params={"q": form.format(*SPAN), "limit": 500})
            assert answer.status_code == (422 if expected == "refuses" else 200)
            if expected != "refuses":
                assert set(ids(answer.json()["items"])) == (inside if expected == "filters" else set(true))


def test_the_exact_grammar_finds_one_row_by_its_id():
    with sandbox(grammar="dotted-eq") as (box, client):
        one = next(iter(truth(box.config).runs))
        assert ids(rows(client, "/v1/runs", q=f"id.eq:'{one}'")) == [one]


def test_the_status_of_a_refused_filter_can_be_chosen():
    with sandbox(grammar="reject", refusal_status=400) as (_, client):
        assert client.get(LOGS, params={"q": "level_code = info"}).status_code == 400


def test_or_not_and_brackets_are_understood(plain):
    _, client, true = plain
    found = rows(client, q="NOT (level_code = info OR level_code:debug)", limit=500)
    assert set(ids(found)) == {each for each, log in true.logs.items() if log["level_code"] not in {"info", "debug"}}


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 501}, {"limit": "ten"}, {"q": "nope = 1"}, {"q": "("}])
def test_a_limit_or_filter_that_cannot_be_is_refused_with_422(plain, params):
    _, client, _ = plain
    assert client.get(LOGS, params=params).status_code == 422


@pytest.mark.parametrize("params", [{"sort_by": "nope:asc"}, {"embed": "nope"}, {"fields": "id,nope"}])
def test_a_sort_relation_or_field_that_does_not_exist_is_refused_with_422(plain, params):
    _, client, _ = plain
    assert client.get(LOGS, params=params).status_code == 422


def test_a_limit_that_is_too_high_can_be_cut_to_the_cap():
    with sandbox(over_limit="clamp", page_cap=5) as (_, client):
        assert len(rows(client, limit=9999)) == 5


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_ties_on_one_timestamp_are_paged_without_loss(direction):
    with sandbox(equal_timestamps=7200.0) as (box, client):
        pages = list(walk(client, limit=4, sort_by=f"timestamp:{direction}"))
        found = [item for page in pages for item in page["items"]]
        times = [time_of(item["timestamp"]) for item in found]
        assert len(set(times)) < len(times) / 3
        assert times == sorted(times, reverse=direction == "desc")
        assert sorted(ids(found)) == sorted(truth(box.config).logs)


def test_the_newest_row_comes_first_when_no_sort_is_sent(plain):
    _, client, _ = plain
    times = [time_of(row["timestamp"]) for row in rows(client, limit=500)]
    assert times == sorted(times, reverse=True)


def test_a_sort_by_two_fields_is_honoured(plain):
    _, client, _ = plain
    found = rows(client, "/v1/runs", sort_by="status_code:asc,created_at:desc", limit=500)
    assert found == sorted(
        sorted(found, key=lambda run: run["created_at"], reverse=True), key=lambda run: run["status_code"]
    )


@pytest.mark.parametrize("sort", ["ignored", "reversed", "unordered"])
def test_a_sort_that_is_not_honoured_gives_all_rows_in_another_order(sort):
    with sandbox(sort=sort) as (box, client):
        found = [item for page in walk(client, limit=50, sort_by="timestamp:asc") for item in page["items"]]
        times = [time_of(item["timestamp"]) for item in found]
        assert times != sorted(times)
        assert (times == sorted(times, reverse=True)) is (sort != "unordered")
        assert sorted(ids(found)) == sorted(truth(box.config).logs)


def test_late_logs_come_last_in_order_of_arrival():
    with sandbox(sort="arrival", late_logs=0.2) as (box, client):
        found = rows(client, limit=500)
        assert set(ids(found)) == set(truth(box.config).logs)
        drops = [one for one, two in pairwise(found) if two["timestamp"] < one["timestamp"]]
        assert drops


def test_a_sort_can_be_refused():
    with sandbox(sort="reject") as (_, client):
        assert client.get(LOGS, params={"sort_by": "timestamp:asc"}).status_code == 422
        assert rows(client)


def test_rows_inserted_while_paging_neither_push_rows_out_nor_repeat_them():
    with sandbox(insert_while_paging=1) as (box, client):
        true = set(truth(box.config).logs)
        first = ids(rows(client, limit=500))
        found = [each for page in walk(client, limit=12) for each in ids(page["items"])]
        assert set(first) < set(found) <= true
        assert len(found) == len(set(found))
        box.configure(insert_while_paging=100)
        assert set(ids(rows(client, limit=500))) == true


def test_rows_that_lists_drop_answer_by_id():
    with sandbox(drop_logs=0.3) as (box, client):
        true = set(truth(box.config).logs)
        lost = true - set(ids(rows(client, limit=500)))
        assert lost
        assert {client.get(f"{LOGS}/{each}").status_code for each in list(lost)[:3]} == {200}


def test_only_the_fields_that_were_asked_for_are_shown(plain):
    _, client, _ = plain
    assert set(rows(client, "/v1/runs", fields="id,cost", limit=1)[0]) == {"id", "cost"}


def test_left_out_fields_can_be_null_instead_of_absent():
    with sandbox(projection="null") as (_, client):
        run = rows(client, "/v1/runs", fields="id", limit=1)[0]
        assert {key for key, held in run.items() if held is not None} == {"id"}
        assert len(run) > 30


def test_the_logs_of_one_run_are_only_its_own(plain):
    _, client, true = plain
    one = next(log["run_id"] for log in true.logs.values())
    assert set(ids(rows(client, f"/v1/runs/{one}/logs", limit=500))) == {
        each for each, log in true.logs.items() if log["run_id"] == one
    }
