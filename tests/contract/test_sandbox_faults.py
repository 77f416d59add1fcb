"""What goes wrong on purpose, as a client sees it from outside."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from pipeline.sandbox import Config, Fault
from tests.contract.asking import LOGS, sandbox

RUNS = "/v1/runs"
PLAIN = {"Accept-Encoding": "identity"}


def statuses(client, count, path=RUNS):
    return [client.get(path, params={"limit": 1}).status_code for _ in range(count)]


@pytest.mark.parametrize("key", [None, "Bearer rf_live_wrong", "rf_live_sandbox", "Basic cmY6"])
def test_a_missing_or_wrong_key_is_401(key):
    with sandbox() as (box, client):
        client.headers.pop("Authorization")
        answer = client.get(RUNS, headers={"Authorization": key} if key else {})
        assert answer.status_code == 401
        assert answer.json()["code"] == "UNAUTHORIZED"
        assert "rf_live" not in repr(box.requests)


def test_an_empty_key_in_the_switches_lets_any_key_in():
    with sandbox(api_key="") as (_, client):
        assert client.get(RUNS, headers={"Authorization": "Bearer anything"}).status_code == 200


def test_health_and_readiness_need_no_key():
    with sandbox() as (box, _):
        assert httpx.get(box.url + "/v1/health", verify=False).status_code == 200
        assert httpx.get(box.url + "/v1/readiness", verify=False).status_code == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/runs/nope", "RUN_NOT_FOUND"),
        ("/v1/runs/nope/logs", "RUN_NOT_FOUND"),
        ("/v1/runs/any/logs/nope", "LOG_NOT_FOUND"),
        ("/v1/runs/any/node-runs/nope", "NOT_FOUND"),
        ("/v1/flows/nope", "FLOW_NOT_FOUND"),
        ("/v1/flows/nope/nodes", "FLOW_NOT_FOUND"),
        ("/v1/models/nope", "MODEL_NOT_FOUND"),
        ("/v1/models/nope/pricing", "MODEL_NOT_FOUND"),
        ("/v1/nope", "NOT_FOUND"),
        ("/api/v1/runs", "NOT_FOUND"),
    ],
)
def test_what_does_not_exist_is_404(path, code):
    with sandbox(days=1, runs_per_day=2) as (_, client):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == code


def test_a_log_is_not_found_under_another_run():
    with sandbox() as (_, client):
        items = client.get(LOGS).json()["items"]
        other = next(item["run_id"] for item in items if item["run_id"] != items[0]["run_id"])
        assert client.get(f"/v1/runs/{other}/logs/{items[0]['id']}").status_code == 404
        assert client.get(f"/v1/runs/{items[0]['run_id']}/logs/{items[0]['id']}").status_code == 200


def test_nothing_can_be_written():
    with sandbox() as (_, client):
        assert client.post(RUNS, json={}).status_code == 405


def test_named_kinds_are_forbidden_and_others_are_not():
    with sandbox(forbidden=("models", "pricing")) as (_, client):
        assert client.get("/v1/models").status_code == 403
        assert client.get("/v1/models/any/pricing").json()["code"] == "PERMISSION_DENIED"
        assert client.get("/v1/flows").status_code == 200


def test_named_endpoints_are_missing_and_others_are_not():
    with sandbox(missing_endpoints=("stats", "me")) as (_, client):
        assert client.get("/v1/runs-stats").status_code == 404
        assert client.get("/v1/auth/me").status_code == 404
        assert client.get(RUNS).status_code == 200


@pytest.mark.parametrize(("switch", "status"), [("unauthorized_after", 401), ("forbidden_after", 403)])
def test_the_key_stops_working_in_the_middle(switch, status):
    with sandbox(**{switch: 3}) as (_, client):
        assert statuses(client, 4) == [200, 200, status, status]


@pytest.mark.parametrize(
    ("form", "reads"),
    [
        ("seconds", lambda text: text == "7"),
        ("date", lambda text: parsedate_to_datetime(text) >= datetime.now(UTC) + timedelta(seconds=6)),
        ("nonsense", lambda text: not text.isdigit()),
        ("none", lambda text: text is None),
    ],
)
def test_every_so_many_requests_are_429_with_each_form_of_retry_after(form, reads):
    with sandbox(rate_limit_every=2, retry_after=form, retry_after_seconds=7) as (_, client):
        first, second = client.get(RUNS), client.get(RUNS)
        assert (first.status_code, second.status_code) == (200, 429)
        assert second.json()["code"] == "RATE_LIMITED"
        assert reads(second.headers.get("Retry-After"))
        assert "Retry-After" not in first.headers


def test_more_requests_than_the_rate_allows_are_429():
    with sandbox(rate_limit=3.0, rate_headers=True) as (_, client):
        answers = [client.get("/v1/auth/me") for _ in range(6)]
        assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
        assert answers[-1].status_code == 429
        assert answers[0].headers["X-RateLimit-Limit"] == "3"
        assert {answer.headers["X-RateLimit-Remaining"] for answer in answers[:3]} == {"2", "1", "0"}


@pytest.mark.parametrize("status", [500, 502, 503])
def test_every_so_many_requests_are_a_5xx_with_a_page_of_html(status):
    with sandbox(server_error_every=3, server_error_status=status) as (_, client):
        answers = [client.get("/v1/auth/me") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200, 200, status] * 2
        assert answers[2].headers["Content-Type"].startswith("text/html")
        assert answers[2].text.startswith("<html>")


def test_a_reset_breaks_the_connection_in_the_middle_of_the_body():
    with sandbox(reset_every=2) as (_, client):
        assert statuses(client, 1) == [200]
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get("/v1/models")
        assert statuses(client, 1) == [200]


def test_a_truncated_answer_ends_before_its_content_length():
    with sandbox(truncate_every=2) as (_, client):
        assert statuses(client, 1) == [200]
        with pytest.raises(httpx.RemoteProtocolError, match="closed connection without sending complete"):
            client.get(RUNS, headers=PLAIN)


def test_a_cut_body_agrees_with_its_content_length_and_is_no_json():
    with sandbox(cut_every=2) as (_, client):
        whole, half = (client.get("/v1/health", headers=PLAIN) for _ in range(2))
        assert half.status_code == 200
        assert int(half.headers["Content-Length"]) == len(half.content) == len(whole.content) // 2
        with pytest.raises(ValueError, match=r".*"):
            half.json()


@pytest.mark.parametrize(
    ("envelope", "shape"),
    [
        ("flat", {"code", "message", "errors"}),
        ("nested", {"error"}),
        ("nested-string", {"error", "code"}),
        ("detail", {"detail"}),
    ],
)
def test_each_envelope_can_stand_in_a_200(envelope, shape):
    with sandbox(envelope=envelope, error_in_200_every=2) as (_, client):
        _, wrong, refused = client.get(RUNS), client.get(RUNS), client.get(RUNS, params={"limit": 0})
        assert wrong.status_code == 200
        assert refused.status_code == 422
        assert set(wrong.json()) == set(refused.json()) == shape


def test_errors_can_be_pages_of_html():
    with sandbox(envelope="html") as (_, client):
        assert client.get("/v1/runs/nope").text.startswith("<html>")


def test_a_redirect_leads_to_a_foreign_host():
    with sandbox(redirect_every=1) as (_, client):
        answer = client.get(RUNS)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "https://cdn.runflow-mirror.example/v1/runs"


def test_a_stalled_answer_is_late_and_right():
    with sandbox(stall_every=2, stall_seconds=0.05) as (_, client):
        client.get(RUNS)
        began = time.monotonic()
        assert client.get(RUNS).status_code == 200
        assert time.monotonic() - began >= 0.05


def test_the_end_of_the_sandbox_does_not_wait_for_a_stalled_answer():
    began = time.monotonic()
    with sandbox(stall_every=1, stall_seconds=60.0) as (box, client), pytest.raises(httpx.TimeoutException):
        client.get(RUNS, timeout=0.02)
    assert time.monotonic() - began < 5
    assert box.closing.is_set()


@pytest.mark.parametrize(("kind", "status"), [("status", 503), ("html", 200), ("error_in_200", 200), ("redirect", 302)])
def test_a_fault_put_in_while_it_runs_strikes_once(kind, status):
    with sandbox() as (box, client):
        right = client.get("/v1/auth/me").content
        box.inject(Fault(kind=kind))
        wrong = client.get("/v1/auth/me")
        assert wrong.status_code == status
        assert wrong.content != right
        assert client.get("/v1/auth/me").content == right


@pytest.mark.parametrize("kind", ["reset", "truncate", "cut"])
def test_a_broken_body_put_in_while_it_runs_strikes_once(kind):
    with sandbox() as (box, client):
        box.inject(Fault(kind=kind))
        with pytest.raises((httpx.TransportError, ValueError)):
            client.get("/v1/auth/me", headers=PLAIN).json()
        assert client.get("/v1/auth/me").status_code == 200
        assert [request.fault for request in box.requests] == [kind, ""]


def test_a_fault_waits_for_its_endpoint_and_its_turn():
    with sandbox() as (box, client):
        box.inject(Fault(kind="status", status=500, where="logs", after=1, times=2))
        assert statuses(client, 2) == [200, 200]
        assert statuses(client, 4, LOGS) == [200, 500, 500, 200]


def test_a_fault_without_an_end_strikes_a_part_of_the_path_for_ever():
    with sandbox() as (box, client):
        box.inject(Fault(kind="status", status=502, where="/any/", times=0))
        assert statuses(client, 3, LOGS) == [502, 502, 502]
        assert statuses(client, 1) == [200]


def test_a_fault_brings_its_own_code_and_retry_after():
    with sandbox() as (box, client):
        box.inject(Fault(kind="status", status=429, code="SLOW_DOWN", retry_after="3"))
        answer = client.get(RUNS)
        assert answer.json()["code"] == "SLOW_DOWN"
        assert answer.headers["Retry-After"] == "3"


def test_switches_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="no such fault"):
        Fault(kind="nope")
    with pytest.raises(ValueError, match="sort is 'nope'"):
        Config(sort="nope")
    with sandbox() as (box, _), pytest.raises(ValueError, match="no such poison"):
        box.configure(poison=("run:nope",))


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_a_body_comes_in_the_coding_that_the_client_takes(coding):
    with sandbox(codings=(coding,)) as (_, client):
        coded = client.get("/v1/flows")
        assert coded.headers["Content-Encoding"] == coding
        plain = client.get("/v1/flows", headers=PLAIN)
        assert "Content-Encoding" not in plain.headers
        assert coded.json() == plain.json()


def test_a_coding_with_weight_zero_is_not_used():
    with sandbox() as (_, client):
        answer = client.get("/v1/flows", headers={"Accept-Encoding": "zstd;q=0, br;q=0, gzip;q=0.5"})
        assert answer.headers["Content-Encoding"] == "gzip"
        with client.stream("GET", "/v1/flows", headers={"Accept-Encoding": "gzip"}) as raw:
            assert gzip.decompress(b"".join(raw.iter_raw())) == answer.content


def test_requests_are_recorded_without_the_key():
    with sandbox() as (box, client):
        client.get(RUNS, params={"limit": 1, "q": "status_code = failed"})
        one = box.requests[0]
        assert (one.method, one.path, one.kind, one.status) == ("GET", RUNS, "runs", 200)
        assert one.query == {"limit": "1", "q": "status_code = failed"}
        assert "rf_live" not in repr(one)


def test_one_connection_serves_many_requests():
    with sandbox() as (_, client):
        streams = {id(client.get("/v1/health").extensions["network_stream"]) for _ in range(5)}
        assert len(streams) == 1
