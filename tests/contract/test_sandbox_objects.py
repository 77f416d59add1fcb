"""What the sandbox's objects say: relations, signatures, spellings, time, and the same world for the same seed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.sandbox import truth
from tests.contract.asking import LOGS, NOW, ids, rows, sandbox, time_of, written

RELATIONS = {"node_runs", "logs", "flow", "model"}


def embedded(client, **params):
    """The runs in all logs."""
    return [log["run"] for log in rows(client, embed="run", **{"limit": 500, **params})]


def unsigned(text):
    return re.sub(r"\?X-Amz[^\"\s]*", "", text)


def test_a_log_has_its_run_only_when_asked():
    with sandbox() as (_, client):
        assert all(log["run"] is None for log in rows(client, limit=500))
        assert all(log["run"]["id"] == log["run_id"] for log in rows(client, limit=500, embed="run"))


@pytest.mark.parametrize(("how", "shows"), [("null", {None}), ("missing", {"missing"})])
def test_the_run_of_a_log_can_be_null_or_missing_though_asked(how, shows):
    with sandbox(log_run=how) as (_, client):
        assert {log.get("run", "missing") for log in rows(client, embed="run")} == shows


def test_the_run_of_a_log_can_be_filled_null_and_missing_by_turns():
    with sandbox(log_run="mixed") as (_, client):
        found = rows(client, embed="run", limit=500)
        assert {"run" in log for log in found} == {True, False}
        assert {log["run"] is None for log in found if "run" in log} == {True, False}


def test_a_filled_relation_is_the_object_itself():
    with sandbox(both_relations=True, embed_logs="filled") as (box, client):
        true, runs = truth(box.config), embedded(client, limit=60)
        for run in runs:
            assert run["flow"]["id"] == run["flow_id"]
            assert run["model"]["id"] == run["model_id"]
            assert {node["id"] for node in run["node_runs"]} <= set(true.node_runs)
            assert {true.logs[log["id"]]["run_id"] for log in run["logs"]} == {run["id"]}
        assert any(run["node_runs"] for run in runs)


@pytest.mark.parametrize(("how", "value"), [("null", None), ("empty", [])])
def test_a_relation_can_be_null_or_empty(how, value):
    with sandbox(embed_node_runs=how, embed_logs=how) as (_, client):
        assert all(run["node_runs"] == run["logs"] == value for run in embedded(client))


def test_a_relation_can_be_missing():
    switches = {f"embed_{name}": "missing" for name in RELATIONS}
    with sandbox(**switches) as (_, client):
        assert not any(RELATIONS & set(run) for run in embedded(client))


def test_a_run_has_the_relations_that_are_asked_for():
    with sandbox(both_relations=True) as (_, client):
        bare = rows(client, "/v1/runs")[0]
        full = client.get(f"/v1/runs/{bare['id']}", params={"embed": "flow,model,node_runs,logs"}).json()
        assert {bare[name] for name in RELATIONS} == {None}
        assert full["flow"]["id"] == bare["flow_id"]
        assert full["model"]["id"] == bare["model_id"]
        assert isinstance(full["logs"], list)
        assert isinstance(full["node_runs"], list)


def test_runs_can_refuse_relations():
    with sandbox(runs_embed=False) as (_, client):
        assert client.get("/v1/runs", params={"embed": "flow"}).status_code == 422


def test_nodes_and_price_rules_can_be_left_out_of_their_owners():
    with sandbox(flow_nodes="missing", model_pricing="null") as (_, client):
        flow = rows(client, "/v1/flows")[0]
        assert "nodes" not in flow
        assert rows(client, f"/v1/flows/{flow['id']}/nodes")
        assert {model["pricing"] for model in map(dict, rows(client, "/v1/models"))} == {None}


def test_every_object_of_a_list_answers_by_its_id_with_the_same_body():
    with sandbox(signing="none") as (_, client):
        for path in (LOGS, "/v1/runs", "/v1/runs/any/node-runs", "/v1/flows", "/v1/models", "/v1/models/any/pricing"):
            one = rows(client, path, limit=3)[-1]
            assert client.get(f"{path}/{one['id']}").json() == one


def test_two_reads_of_one_run_differ_in_their_signatures_only():
    with sandbox() as (_, client):
        runs = client.get("/v1/runs").text, client.get("/v1/runs").text
        assert runs[0] != runs[1]
        assert unsigned(runs[0]) == unsigned(runs[1])


@pytest.mark.parametrize(("signing", "signed"), [("none", False), ("fixed", True)])
def test_urls_can_be_unsigned_or_signed_once_and_for_all(signing, signed):
    with sandbox(signing=signing) as (box, client):
        first = client.get("/v1/runs").content
        box.configure(now=NOW + timedelta(seconds=61))
        # A minute later no run is older than before by anything but its status.
        urls = [
            set(re.findall(rb"https://runflow-prod[^\"]+", body)) for body in (first, client.get("/v1/runs").content)
        ]
        assert urls[0] <= urls[1]
        assert (b"X-Amz-Signature" in first) is signed


@pytest.mark.parametrize("signature", ["aws", "cloudfront", "gcs"])
def test_each_brand_of_signature_is_in_the_query_of_a_url(signature):
    brand = {"aws": "X-Amz-Signature=", "cloudfront": "Key-Pair-Id=", "gcs": "X-Goog-Signature="}[signature]
    with sandbox(signature=signature, signing="url") as (_, client):
        assert brand in client.get(LOGS).text


def test_no_place_for_a_signature_is_ever_shown():
    with sandbox() as (_, client):
        for path in (LOGS + "?embed=run", "/v1/runs", "/v1/models", "/v1/runs/any/node-runs"):
            assert "\ue000" not in client.get(path).text


@pytest.mark.parametrize(
    ("decimals", "kind"), [("string", str), ("number", float), ("exponent", str), ("exponent-number", float)]
)
def test_a_cost_is_the_same_number_in_each_spelling(decimals, kind):
    with sandbox(decimals=decimals) as (box, client):
        costs = {run["id"]: run["cost"] for run in client.get("/v1/runs").json()["items"]}
        true = truth(box.config).runs
        assert {type(cost) for cost in costs.values() if cost is not None} <= {kind, int}
        assert all(Decimal(str(cost)) == true[each]["cost"] for each, cost in costs.items() if cost is not None)


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+02:00", "mixed"])
def test_a_time_is_the_same_moment_in_each_zone(zone):
    with sandbox(zone=zone) as (box, client):
        true = truth(box.config).runs
        found = rows(client, "/v1/runs")
        assert all(time_of(run["created_at"]) == true[run["id"]]["created_at"] for run in found)
        assert zone == "mixed" or all(run["created_at"].endswith(zone) for run in found)


@pytest.mark.parametrize(("fraction", "step"), [("0", 1_000_000), ("3", 1_000)])
def test_no_time_in_the_world_is_finer_than_its_spelling(fraction, step):
    with sandbox(fraction=fraction) as (box, client):
        true = truth(box.config)
        times = [
            held
            for each in (*true.runs.values(), *true.node_runs.values(), *true.logs.values())
            for held in each.values()
            if isinstance(held, datetime)
        ]
        assert {time.microsecond % step for time in times} == {0}
        found = rows(client, "/v1/runs/any/node-runs", limit=500)
        assert {node["id"]: time_of(node["created_at"]) for node in found} == {
            each: node["created_at"] for each, node in true.node_runs.items()
        }


def test_the_clock_moves_runs_on_and_brings_new_ones():
    with sandbox() as (box, client):
        before = {run["id"]: run for run in rows(client, "/v1/runs", limit=500)}
        box.configure(now=NOW + timedelta(days=2))
        after = {run["id"]: run for run in rows(client, "/v1/runs", limit=500)}
        assert set(before) < set(after)
        assert set(after) == set(truth(box.config).runs)
        assert all(run["created_at"] <= written(NOW) for run in before.values())


def test_the_clock_can_move_with_every_request():
    with sandbox(clock_step=60.0) as (box, client):
        client.get("/v1/health")
        client.get("/v1/health")
        assert box.now == NOW + timedelta(seconds=60)


def test_a_snapshot_shows_the_run_as_it_was_when_the_line_was_written():
    with sandbox(embedded_run="snapshot") as (_, client):
        found = rows(client, embed="run", limit=500)
        assert all(
            log["run"]["status_code"] in {"queued", "dispatching", "running"}
            or (log["run"]["completed_at"] <= log["timestamp"])
            for log in found
        )
        assert "queued" in {log["run"]["status_code"] for log in found}


def test_a_run_that_is_gone_is_404_and_not_in_lists():
    with sandbox(days=4) as (box, client):
        before = set(ids(rows(client, "/v1/runs", limit=500)))
        box.configure(gone_runs=0.5)
        gone = before - set(ids(rows(client, "/v1/runs", limit=500)))
        assert gone
        assert gone.isdisjoint(truth(box.config).runs)
        assert client.get(f"/v1/runs/{gone.pop()}").status_code == 404


def test_the_same_seed_gives_the_same_bodies_and_another_seed_other_rows():
    with sandbox(signing="none") as (_, one), sandbox(signing="none") as (_, two), sandbox(seed=4) as (_, other):
        for path in (LOGS, "/v1/runs", "/v1/runs/any/node-runs", "/v1/flows", "/v1/models"):
            assert one.get(path).content == two.get(path).content
        assert set(ids(rows(one))).isdisjoint(ids(rows(other)))


def test_a_fault_of_content_changes_no_id():
    with sandbox() as (_, plain), sandbox(generation="1", decimals="number", late_changes=0.5) as (_, other):
        assert ids(rows(plain, limit=500)) == ids(rows(other, limit=500))


def test_poison_is_where_it_was_switched_on_and_good_rows_stay_good():
    with sandbox(poison=("run:not-an-object", "log:no-id"), poison_every=4) as (box, client):
        true = truth(box.config)
        runs, logs = rows(client, "/v1/runs", limit=500), rows(client, limit=500)
        assert any(isinstance(run, str) for run in runs)
        assert any(log["id"] is None for log in logs)
        assert {run["id"] for run in runs if isinstance(run, dict)} < set(true.runs)
        assert {log["id"] for log in logs} - {None} < set(true.logs)


def test_undocumented_keys_are_in_every_object():
    with sandbox(unknown_keys=True) as (_, client):
        log = rows(client, embed="run")[0]
        assert "x_new_field" in log
        assert "x_new_field" in log["run"]


def test_keys_can_be_gone_from_every_object_of_a_level():
    with sandbox(missing_keys=("run.client_ref", "log.meta")) as (_, client):
        log = rows(client, embed="run")[0]
        assert "client_ref" not in log["run"]
        assert "meta" not in log
        assert "metadata" in log["run"]


@pytest.mark.parametrize("key", ["run", "run.id", "flow.nodes", "nobody.name", ""])
def test_a_key_that_cannot_be_left_out_is_refused(key):
    with pytest.raises(ValueError, match="cannot be left out"), sandbox(missing_keys=(key,)):
        pass


@pytest.mark.parametrize(
    ("share", "codes"), [(1.0, {"x_new_code"}), (0.5, {"x_new_code", "api", "playground", "schedule"})]
)
def test_codes_can_be_ones_never_seen(share, codes):
    with sandbox(new_codes=share) as (_, client):
        assert {run["source_code"] for run in rows(client, "/v1/runs")} == codes


def test_personal_data_can_be_switched_off():
    with sandbox(personal_data=False) as (_, client):
        assert "@example.com" not in client.get("/v1/flows").text + client.get("/v1/auth/me").text


@pytest.mark.parametrize("path", ["/v1/runs/statuses", "/v1/auth/me", "/v1/billing/balance", "/v1/health"])
def test_the_endpoints_without_rows_answer(path):
    with sandbox() as (_, client):
        assert client.get(path).status_code == 200


def test_the_owner_of_the_key_shows_memberships_when_asked():
    with sandbox(organization="nord") as (_, client):
        assert "memberships" not in client.get("/v1/auth/me").json()
        membership = client.get("/v1/auth/me", params={"embed": "memberships"}).json()["memberships"][0]
        assert membership["org"]["slug"] == "nord"
        assert "runs:read" in membership["scopes"]


def test_the_balance_has_both_shapes_on_record():
    with sandbox() as (box, client):
        assert Decimal(client.get("/v1/billing/balance").json()["balance"])
        box.configure(balance_shape="cents")
        assert client.get("/v1/billing/balance").json()["currency"] == "USD"
