"""What a page's objects become: rows, rejects, drift, and what is still missing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline.decode import read_head
from pipeline.flatten import flatten
from pipeline.observations import Observations
from pipeline.privacy import parse
from pipeline.tables import TABLES
from pipeline.values import LandedPage, Request, Window

WHEN = datetime(2026, 11, 24, tzinfo=UTC)


def uid(n: int) -> str:
    return f"3c90c3cc-0d44-4b50-8888-{n:012d}"


def seen(items, kind="logs", window=None, policy="drop", observations=None, page=0):
    observations = observations or Observations(1, parse(policy))
    landed = LandedPage(page, Request(kind, "/v1/x"), 200, "identity", "0", WHEN)
    observations.add(kind, read_head(json.dumps({"items": items}).encode()).items, landed, window)
    return observations


def rows(observations, name):
    return flatten(observations.settle(), observations.fetched_at)[name].to_pylist()


def log(n=1, **more):
    return {"id": uid(n), "timestamp": "2026-11-22T10:00:00Z", "message": "m", **more}


def run(n=100, **more):
    return {"id": uid(n), "status_code": "succeeded", "created_at": "2026-11-22T09:00:00Z", **more}


def test_every_table_comes_in_its_declared_schema_also_when_empty():
    tables = flatten(Observations(1, parse("drop")).settle(), {})
    assert {name: table.schema for name, table in tables.items()} == {n: t.stage_schema for n, t in TABLES.items()}


def test_nested_objects_of_all_kinds_become_rows_with_their_parents_id():
    model = {"id": uid(4), "pricing": [{"id": uid(5), "price": "0.15"}]}
    nested = run(node_runs=[{"id": uid(2)}], flow={"id": uid(3)}, model=model, logs=[{"id": uid(6)}])
    observed = seen([log(run=nested)])
    assert {name: len(rows(observed, name)) for name in TABLES} == {
        "logs": 2, "runs": 1, "node_runs": 1, "flows": 1, "models": 1, "pricing": 1,
    }  # fmt: skip
    assert {str(row["run_id"]) for name in ("logs", "node_runs") for row in rows(observed, name)} == {uid(100)}
    assert str(rows(observed, "pricing")[0]["model_id"]) == uid(4)


def test_a_run_repeated_on_every_log_is_one_row_as_new_as_its_last_sight():
    observed = seen([log(n, run=run(node_runs=[{"id": uid(50)}])) for n in range(3)])
    (only,), (node,) = rows(observed, "runs"), rows(observed, "node_runs")
    newest = max(row["_observation"] for row in rows(observed, "logs"))
    assert only["_observation"] == newest
    assert node["_observation"] == newest & ~1


def test_a_run_whose_urls_are_signed_anew_is_still_one_row():
    url = "https://h/o.webp?X-Amz-Signature={}"
    observed = seen([log(n, run=run(output={"url": url.format(n)})) for n in range(3)])
    assert [row["output"] for row in rows(observed, "runs")] == ['{"url":"https://h/o.webp"}']


@pytest.mark.parametrize("bad", ["logs", "runs", "node_runs", "flows", "models", "pricing"])
def test_the_smallest_bad_object_is_set_aside_and_everything_around_it_loads(bad):
    spoilt = {"created_at": 5} if bad != "logs" else {"message": 5}

    def part(kind, value):
        return {**value, **spoilt} if kind == bad else value

    model = part("models", {"id": uid(4), "pricing": [part("pricing", {"id": uid(5)})]})
    nested = {"node_runs": [part("node_runs", {"id": uid(2)})], "flow": part("flows", {"id": uid(3)}), "model": model}
    observed = seen([part("logs", log(run=part("runs", run(**nested))))])
    assert {name: len(rows(observed, name)) for name in TABLES} == {name: int(name != bad) for name in TABLES}
    (reject,) = observed.rejects
    assert reject.object == (bad if bad == "pricing" else bad.removesuffix("s"))
    assert reject.row_id
    assert reject.path in {"created_at", "message"}


def test_a_log_whose_run_is_bad_keeps_its_run_id():
    observed = seen([log(run=run(duration_ms="x"))])
    assert str(rows(observed, "logs")[0]["run_id"]) == uid(100)
    assert not observed.runs_missing()


def test_a_bad_run_seen_on_many_logs_is_one_reject():
    assert len(seen([log(n, run=run(duration_ms="x")) for n in range(5)]).rejects) == 1


def test_rows_outside_the_window_are_dropped_with_everything_in_them():
    window = Window(datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC))
    times = ["09:59:59.999999Z", "10:00:00Z", "10:59:59.999999Z", "11:00:00Z"]
    items = [log(n, timestamp=f"2026-11-22T{t}", run=run(100 + n)) for n, t in enumerate(times)]
    observed = seen(items, window=window)
    assert {str(row["id"]) for row in rows(observed, "logs")} == {uid(1), uid(2)}
    assert {str(row["id"]) for row in rows(observed, "runs")} == {uid(101), uid(102)}


def test_a_bad_log_outside_the_window_is_left_to_the_window_it_belongs_to():
    window = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    assert not seen([log(message=5)], window=window).rejects


def test_a_log_without_a_time_is_kept():
    window = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    assert len(rows(seen([log(timestamp=None)], window=window), "logs")) == 1


def test_absent_keys_and_nulls_of_a_final_run_are_marked_as_no_information():
    names = TABLES["runs"].names
    final = rows(seen([log(run=run(cost=None, feedback_reason=None))]), "runs")[0]
    absent = {name for bit, name in enumerate(names) if final["_absent"] >> bit & 1}
    assert {"cost", "output", "feedback_is_positive"} <= absent
    assert not {"feedback_reason", "status_code", "id"} & absent
    open_run = rows(seen([log(run=run(status_code="running", cost=None))]), "runs")[0]
    assert not open_run["_absent"] >> names.index("cost") & 1
    assert final["_terminal"]
    assert not open_run["_terminal"]


@pytest.mark.parametrize(
    "status", ["succeeded", "partial_succeeded", "failed", "canceled", "cancelled", "errored", "timeout"]
)
def test_final_statuses_are_final(status):
    assert seen([log(run=run(status_code=status))]).runs[uid(100)].terminal


@pytest.mark.parametrize("status", ["queued", "dispatching", "running", "brand_new", None])
def test_other_statuses_are_not(status):
    assert not seen([log(run=run(status_code=status))]).runs[uid(100)].terminal


@pytest.mark.parametrize(
    ("relation", "facts", "arrived"),
    [
        ({"node_runs": [{"id": uid(1)}]}, {"has_node_runs": True}, True),
        ({"node_runs": []}, {"has_node_runs": False}, True),
        ({"node_runs": []}, {"has_node_runs": True}, False),
        ({"node_runs": []}, {"nodes_completed": 2}, False),
        ({"node_runs": [{"id": uid(1)}]}, {"nodes_completed": 2}, False),
        ({"node_runs": None}, {"has_node_runs": True}, False),
        ({}, {"has_node_runs": True}, False),
    ],
)
def test_a_relation_that_is_null_absent_or_too_short_has_not_arrived(relation, facts, arrived):
    assert seen([log(run=run(**relation, **facts))]).runs[uid(100)].node_runs_arrived is arrived


@pytest.mark.parametrize("relation", [{"run": None}, {}])
def test_a_log_without_its_run_asks_for_it(relation):
    assert seen([log(run_id=uid(7), **relation)]).runs_missing() == {uid(7)}


def test_unknown_keys_go_to_extra_and_are_named_at_every_level():
    flow = {"id": uid(3), "nodes": [{"id": uid(4), "zoom": 1, "inputs": [{"id": uid(5), "tint": 2}]}]}
    observed = seen([log(mood="x", run=run(planet={"b": 1, "a": 2.50}, flow=flow))])
    assert rows(observed, "logs")[0]["extra"] == '{"mood":"x"}'
    assert rows(observed, "runs")[0]["extra"] == '{"planet":{"a":2.5,"b":1}}'
    assert {(d.table, d.path) for d in observed.sightings.drift} == {
        ("logs", "mood"), ("runs", "planet"), ("flows", "nodes[].zoom"), ("flows", "nodes[].inputs[].tint"),
    }  # fmt: skip


def test_an_embedded_price_list_is_complete_only_when_it_is_whole_and_readable():
    assert list(seen([{"id": uid(4), "pricing": [{"id": uid(5)}]}], "models").complete_pricing) == [uid(4)]
    assert not seen([{"id": uid(4), "pricing": []}], "models").complete_pricing
    assert not seen(
        [{"id": uid(4), "pricing": [{"id": uid(5)}, {"id": uid(6), "price": "x"}]}], "models"
    ).complete_pricing


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("drop", {"id"}), ("keep", {"id", "email", "first_name"}), ("hash", {"id", "email", "first_name"})],
)
def test_personal_data_follows_the_policy_in_rows_and_in_rejects(policy, kept):
    user = {"id": uid(9), "email": "ada@example.com", "first_name": "Ada"}
    observed = seen([{"id": uid(3), "created_by_user": user}], "flows", policy=policy)
    assert set(json.loads(rows(observed, "flows")[0]["created_by_user"])) == kept
    spoilt = seen([{"id": uid(3), "version": "x", "created_by_user": user}], "flows", policy=policy)
    for text in (rows(observed, "flows")[0]["created_by_user"], spoilt.rejects[0].raw):
        assert ("ada@example.com" in text) is (policy == "keep")


def test_a_time_that_utc_cannot_hold_is_a_reject_not_a_crash():
    observed = seen([log(timestamp="9999-12-31T23:59:59-01:00")])
    assert [(r.path, r.row_id) for r in observed.rejects] == [("timestamp", uid(1))]


def test_node_runs_of_an_unfinished_copy_do_not_stand_for_those_of_the_final_one():
    nodes = [{"id": uid(200)}, {"id": uid(201)}]
    early = run(status_code="running", nodes_completed=1, node_runs=nodes)
    observations = seen([early], "runs")
    assert observations.runs[uid(100)].node_runs_arrived
    seen([run(nodes_completed=2)], "runs", observations=observations, page=1)
    assert not observations.runs[uid(100)].node_runs_arrived
    seen([run(nodes_completed=2, node_runs=nodes)], "runs", observations=observations, page=2)
    seen([run(nodes_completed=2, has_logs=True)], "runs", observations=observations, page=3)
    assert observations.runs[uid(100)].node_runs_arrived
