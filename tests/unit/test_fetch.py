"""What one answer of the API means, what is sent, and what no error ever says."""

from __future__ import annotations

import asyncio
import gzip
import json

import httpx
import pytest
import stamina

from pipeline import endpoints
from pipeline.decode import read_head
from pipeline.errors import (
    AccessRefused,
    BrokenBody,
    CursorExpired,
    RequestRefused,
    SourceError,
    SourceUnavailable,
    StorageError,
)
from pipeline.fetch import Source
from pipeline.settings import Settings

KEY = "rf_live_5ecret"
SETTINGS = Settings(api_key=KEY, api_url="https://api.example", rate=9_000)
RUNS = endpoints.runs(None, None)
OPTIONAL = [endpoints.node_runs(), endpoints.flows(), endpoints.models(), endpoints.pricing(), endpoints.me()]
ESSENTIAL = [endpoints.logs(None, None), endpoints.log("l"), RUNS, endpoints.run("r")]


def whole(raw):
    return raw


def answer(status=200, body=b"{}", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def get(response, request=RUNS, receive=whole, *, settings=SETTINGS, accept=frozenset()):
    """Ask once; what was received or raised, the source, and the requests as they left."""
    left = []

    async def server(sent):
        left.append(sent)
        if isinstance(response, Exception):
            raise response
        return response

    async def run():
        async with Source(settings, transport=httpx.MockTransport(server)) as source:
            try:
                return await source.get(request, receive, accept=accept), source
            except Exception as error:  # noqa: BLE001  the error is what the test is about
                return error, source

    return (*asyncio.run(run()), left)


@pytest.fixture(autouse=True)
def _once():
    """Nothing is tried again here: that is test_fetch_retries."""
    with stamina.set_testing(True, attempts=1):
        yield


def test_a_page_is_handed_on_as_received():
    body = gzip.compress(b'{"items":[]}')
    page, source, _ = get(answer(body=body, content_encoding="gzip"))
    assert (page.request, page.status, page.encoding, page.body) == (RUNS, 200, "gzip", body)
    assert page.fetched_at.utcoffset().total_seconds() == 0
    assert (source.requests, source.retries, source.wire_bytes) == (1, 0, len(body))


def test_a_body_without_a_coding_is_identity():
    assert get(answer())[0].encoding == "identity"


def test_codings_in_several_headers_are_told_in_order():
    codings = [("content-encoding", "gzip"), ("content-encoding", "br")]
    response = httpx.Response(200, headers=codings, stream=httpx.ByteStream(b"x"))
    assert get(response)[0].encoding == "gzip, br"


def test_what_receive_makes_of_the_page_is_returned():
    assert get(answer(), receive=lambda raw: raw.status + 1)[0] == 201


def test_the_key_and_the_organisation_travel_as_headers_and_nowhere_else():
    _, _, (sent,) = get(answer(), settings=Settings(api_key=KEY, organization_id="org", api_url="https://api.example"))
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["x-organization-id"] == "org"
    assert sent.headers["accept"] == "application/json"
    assert set(sent.headers["accept-encoding"].split(", ")) == {"gzip", "br", "zstd"}
    assert sent.headers["user-agent"].startswith("flowledger/")
    assert (sent.method, str(sent.url)) == ("GET", "https://api.example/v1/runs?limit=500")
    assert sent.extensions["timeout"] == dict.fromkeys(("connect", "read", "write", "pool"), 30.0)


def test_without_a_key_or_an_organisation_neither_header_is_sent():
    _, _, (sent,) = get(answer(), settings=Settings(api_url="https://api.example"))
    assert not {"authorization", "x-organization-id"} & set(sent.headers)


def test_an_api_below_a_path_is_asked_there():
    _, _, (sent,) = get(answer(), settings=Settings(api_url="https://proxy.example/runflow"))
    assert str(sent.url) == "https://proxy.example/runflow/v1/runs?limit=500"


@pytest.mark.parametrize("status", [401, 402])
@pytest.mark.parametrize(
    "request_",
    [*ESSENTIAL, *OPTIONAL, endpoints.models().at("c")],
    ids=lambda r: r.path + "?pq" * ("pq" in dict(r.params)),
)
def test_a_key_that_is_not_valid_and_credit_that_is_gone_end_every_read(status, request_):
    error, source, _ = get(answer(status, b'{"code":"X","message":"why"}'), request_)
    assert type(error) is AccessRefused
    assert f"({status}, X: why)" in str(error)
    assert source.requests == 1


@pytest.mark.parametrize("request_", ESSENTIAL, ids=lambda r: r.path)
def test_403_on_logs_and_runs_names_the_scope(request_):
    error, _, _ = get(answer(403, b'{"code":"PERMISSION_DENIED"}'), request_)
    assert type(error) is AccessRefused
    assert request_.path in str(error)
    assert "runs:read" in str(error)


@pytest.mark.parametrize("request_", OPTIONAL, ids=lambda r: r.path)
def test_403_on_anything_else_is_a_refusal_of_that_read_only(request_):
    error, _, _ = get(answer(403, b'{"code":"PERMISSION_DENIED","message":"no"}'), request_)
    assert type(error) is RequestRefused
    assert (error.status, error.code) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 418, 422])
def test_another_4xx_is_refused_once_with_its_status_and_code(status):
    error, source, _ = get(answer(status, b'{"error":{"code":"C","message":"m"}}'))
    assert type(error) is RequestRefused
    assert (error.status, error.code, str(error)) == (status, "C", f"/v1/runs answered {status}: C: m")
    assert source.requests == 1


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_refused_cursor_has_expired(status):
    assert type(get(answer(status), RUNS.at("c"))[0]) is CursorExpired


@pytest.mark.parametrize("status", [405, 409])
def test_a_refusal_that_is_not_about_the_cursor_is_not_taken_for_one(status):
    assert type(get(answer(status), RUNS.at("c"))[0]) is RequestRefused


def test_404_is_received_where_it_is_accepted():
    page, _, _ = get(answer(404, b"gone"), endpoints.run("r"), accept=frozenset({404}))
    assert (page.status, page.body) == (404, b"gone")


@pytest.mark.parametrize("status", [401, 410, 500])
def test_accepting_404_accepts_nothing_else(status):
    assert isinstance(get(answer(status), accept=frozenset({404}))[0], SourceError)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(status):
    error, _, left = get(answer(status, location="https://evil.example/v1/runs"))
    assert type(error) is SourceError
    assert "Check RUNFLOW_API_URL" in str(error)
    assert [sent.url.host for sent in left] == ["api.example"]


@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_a_success_that_is_not_200_is_no_page(status):
    assert type(get(answer(status, b'{"items":[]}'))[0]) is RequestRefused


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"RATE_LIMITED","message":"slow down"}',
        b'{"error":{"code":"X","message":"y"}}',
        b'{"error":"x","code":"y"}',
        b'{"detail":"Not found"}',
        b"<html><title>502</title></html>",
        b'{"items":[{"id":1},',
    ],
)
def test_an_error_under_status_200_is_a_broken_body(body):
    error, _, _ = get(answer(200, body), receive=lambda raw: read_head(raw.body))
    assert type(error) is BrokenBody
    assert str(error).startswith("/v1/runs: The API answered 200 with something that is no")


def test_an_error_of_our_own_passes_untouched():
    def full(raw):
        raise StorageError("disk full")

    error, source, _ = get(answer(), receive=full)
    assert (type(error), str(error), source.requests) == (StorageError, "disk full", 1)


def test_a_request_that_cannot_be_sent_is_an_error_of_the_source():
    error, _, left = get(answer(), RUNS.at("x" * 70_000))
    assert type(error) is SourceError
    assert left == []


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 418, 429, 500])
@pytest.mark.parametrize(
    "body",
    [json.dumps({"code": KEY, "message": f"bad key {KEY}"}), f"<title>Bearer {KEY}</title>", "." * 290 + KEY],
    ids=["json", "html", "cut"],
)
def test_no_error_repeats_the_key_even_if_the_api_does(status, body):
    for request in (RUNS, RUNS.at("c"), endpoints.flows()):
        error, _, _ = get(answer(status, body.encode()), request)
        assert isinstance(error, SourceError)
        assert "rf_" not in str(error) + getattr(error, "code", "")


def test_a_broken_body_and_a_broken_connection_do_not_repeat_the_key_either():
    told = f"denied: {KEY}"
    for broken in (
        get(answer(200, told.encode()), receive=lambda raw: read_head(raw.body)),
        get(httpx.RemoteProtocolError(told)),
        get(httpx.LocalProtocolError(told)),
        get(httpx.ConnectError(told)),
    ):
        assert isinstance(broken[0], SourceError)
        assert KEY not in str(broken[0])
    assert KEY not in repr(SETTINGS)


def test_an_answer_that_time_may_heal_ends_in_a_sentence():
    error, _, _ = get(answer(503, b"<title>Down</title>"))
    assert type(error) is SourceUnavailable
    assert str(error) == (
        "/v1/runs did not answer: 503 Down. Asked 1 times within 300 seconds. "
        "The next run, or --resume, goes on from here."
    )
