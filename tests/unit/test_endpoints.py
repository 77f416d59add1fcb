"""What is asked of the API: paths, parameters, filters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from pipeline import endpoints
from pipeline.endpoints import Grammar

START = datetime(2026, 11, 21, tzinfo=UTC)
END = datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC)

LISTINGS = [
    endpoints.logs(None, None),
    endpoints.runs(None, None),
    endpoints.node_runs(),
    endpoints.flows(),
    endpoints.flow_nodes("f"),
    endpoints.models(),
    endpoints.pricing(),
]


def test_the_infix_filter_is_half_open_and_in_utc_microseconds():
    assert Grammar.INFIX.between("timestamp", START, END) == (
        "timestamp >= 2026-11-21T00:00:00.000000Z AND timestamp < 2026-11-22T01:02:03.000004Z"
    )


def test_the_dotted_filter_is_half_open_and_quotes_its_values():
    assert Grammar.DOTTED.between("created_at", START, END) == (
        "created_at.gte:'2026-11-21T00:00:00.000000Z' AND created_at.lt:'2026-11-22T01:02:03.000004Z'"
    )


def test_a_bound_of_another_offset_is_written_in_utc():
    there = START.astimezone(timezone(timedelta(hours=5)))
    assert Grammar.INFIX.between("t", there, END) == Grammar.INFIX.between("t", START, END)


def test_infix_is_tried_before_dotted():
    assert list(Grammar) == [Grammar.INFIX, Grammar.DOTTED]


@pytest.mark.parametrize("request_", LISTINGS, ids=lambda r: r.kind)
def test_every_listing_states_its_page_size(request_):
    assert ("limit", "500") in request_.params


@pytest.mark.parametrize("request_", LISTINGS, ids=lambda r: r.kind)
def test_what_is_not_asked_is_not_sent(request_):
    assert not {"q", "sort_by", "pq"} & {name for name, _ in request_.params}


def test_logs_of_all_runs_come_with_their_run():
    assert endpoints.logs("x", "timestamp:asc", 5) == endpoints.Request(
        "logs",
        "/v1/runs/any/logs",
        (("q", "x"), ("sort_by", "timestamp:asc"), ("limit", "5"), ("embed", "run")),
    )
    assert ("embed", "run") not in endpoints.logs(None, None, embed=False).params


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (endpoints.log("l", "r"), "/v1/runs/r/logs/l"),
        (endpoints.log("l"), "/v1/runs/any/logs/l"),
        (endpoints.run("r"), "/v1/runs/r"),
        (endpoints.node_runs("r"), "/v1/runs/r/node-runs"),
        (endpoints.flow("f"), "/v1/flows/f"),
        (endpoints.flow_nodes("f"), "/v1/flows/f/nodes"),
        (endpoints.model("m"), "/v1/models/m"),
        (endpoints.pricing("m"), "/v1/models/m/pricing"),
        (endpoints.me(), "/v1/auth/me"),
    ],
)
def test_each_read_has_its_path(request_, path):
    assert request_.path == path


def test_the_totals_are_asked_with_both_bounds():
    assert endpoints.stats(START, END).params == (
        ("start", "2026-11-21T00:00:00.000000Z"),
        ("end", "2026-11-22T01:02:03.000004Z"),
    )


@pytest.mark.parametrize("row", ["a/b", "..", ".", "a?b=c#d", "%2e%2e", "a b", "ü"])
def test_no_id_leads_to_another_endpoint(row):
    url = httpx.URL("https://api.example").join(endpoints.run(row).path)
    assert url.raw_path.startswith(b"/v1/runs/")
    assert url.raw_path.count(b"/") == 3
    assert httpx.URL("https://api.example").copy_with(raw_path=endpoints.run(row).path.encode()).path == (
        f"/v1/runs/{row}"
    )


def test_the_next_page_is_the_same_request_with_another_cursor():
    first = endpoints.logs("x", "timestamp:asc")
    assert first.at("one").params == (*first.params, ("pq", "one"))
    assert first.at("one").at("two") == first.at("two")
