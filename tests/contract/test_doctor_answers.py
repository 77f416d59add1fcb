"""The doctor tells each open point of the contract as the API behaves, and asks about 20 requests for it."""

from __future__ import annotations

import pytest

from pipeline.sandbox import serve
from tests.contract.visited import Visit
from tests.product import SMALL

# Worlds of switches that do not concern each other, and what the doctor must say of each.
WORLDS = [
    (
        {},
        {
            "account": "The key is accepted; 1 organisation; scopes credit_balance:read, flows:read, models:read, "
            "runs:read",
            "logs: ids": "UUIDv4",
            "logs: times": "Z 6 digits",
            "logs: embed=run": "run: filled",
            "logs: sort": "honoured",
            "logs: filter": "infix honoured, dotted honoured",
            "signed URLs": "URLs are signed anew on each read",
            "cursor": "next is a token; the second page has 20 rows, 0 of them repeated",
            "cursor: end": "on a last page: null",
            "embedded run: shape": "generation 3",
            "embedded run: ids": "UUIDv7",
            "embedded run: cost": "string",
            "runs: sort": "honoured",
            "runs: filter": "infix honoured, dotted honoured",
            "plan split": "fits: logs name their runs, and /v1/runs embeds node runs",
            "totals": "one UTC day gives one bucket; spend is written as string",
        },
    ),
    (
        {"grammar": "infix", "sort": "ignored", "cursor_name": "next_pq", "cursor_form": "query", "generation": "1"}
        | {"end_marker": "missing", "signing": "none", "log_ids": "v7", "run_ids": "random", "zone": "+00:00"}
        | {"fraction": "3", "decimals": "number", "log_run": "mixed"},
        {
            "logs: filter": "infix honoured, dotted rejected (422)",
            "logs: sort": "ignored; asked ascending: descending; asked descending: descending",
            "cursor": "next_pq is a query; the second page has 20 rows, 0 of them repeated",
            "cursor: end": "on a last page: missing",
            "embedded run: shape": "generation 1",
            "signed URLs": "no signed URLs seen",
            "logs: ids": "UUIDv7",
            "listed run: ids": "UUIDv4",
            "listed run: times": "+00:00 3 digits",
            "listed run: cost": "number",
            "logs: embed=run": "run: filled (12), null (5), missing (3)",
        },
    ),
    (
        {"grammar": "dotted", "sort": "reject", "cursor_form": "question", "end_marker": "empty", "generation": "2"}
        | {"embed_flow": "missing", "embed_model": "null", "embed_node_runs": "empty", "embed_logs": "filled"}
        | {"signing": "fixed", "zone": "+02:00", "fraction": "0", "decimals": "exponent"},
        {
            "logs: filter": "infix rejected (422), dotted honoured",
            "logs: sort": "rejected",
            "runs: sort": "rejected",
            "cursor": "next is a ?query; the second page has 20 rows, 0 of them repeated",
            "cursor: end": "on a last page: empty",
            "embedded run: shape": "generation 2",
            "embedded run: relations": "node_runs: empty; logs: filled; flow: missing; model: null",
            "signed URLs": "signed URLs stay the same between two reads",
            "logs: times": "offset 0 digits",
            "embedded run: cost": "string with exponent",
        },
    ),
    (
        {"grammar": "ignore", "sort": "reversed", "cursor_form": "url", "log_run": "null", "runs_embed": False}
        | {"decimals": "null", "trailing_empty_page": True, "zone": "mixed", "fraction": "auto"},
        {
            "logs: filter": "infix ignored, dotted ignored: ranges are read newest first, which takes longer",
            "logs: sort": "reversed",
            "cursor": "next is a URL; the second page has 20 rows, 0 of them repeated",
            "cursor: end": "on a last page: URL",
            "logs: embed=run": "run: null",
            "one log: relations": "run: null",
            "runs: embed": "rejected (422): relations come from their own endpoints",
            "plan split": "fits; /v1/runs refuses embed (422), so node runs are listed apart",
            "listed run: cost": "null",
        },
    ),
    (
        {"grammar": "reject", "sort": "unordered", "cursor_form": "relative-url", "generation": "mixed"}
        | {"embed_flow": "mixed", "embed_node_runs": "mixed", "signing": "page", "decimals": "exponent-number"}
        | {"runs_fill": "null"},
        {
            "plan split": "fits; /v1/runs embeds none, so node runs are listed apart",
            "logs: filter": "infix rejected (422), dotted rejected (422): "
            "ranges are read newest first, which takes longer",
            "logs: sort": "not honoured; asked ascending: unordered; asked descending: unordered",
            "cursor": "next is a path; the second page has 20 rows, 0 of them repeated",
            "embedded run: shape": "generation 2 (9), generation 1 (9), generation 3 (2)",
            "embedded run: relations": "node_runs: null (10), missing (6), filled (4); logs: null; "
            "flow: missing (15), null (5); model: null (12), filled (8)",
            "signed URLs": "URLs are signed anew on each read",
            "embedded run: cost": "number with exponent",
        },
    ),
    (
        {"missing_endpoints": ("stats", "me"), "log_run": "missing", "cursor_expires_after": 1}
        | {"missing_keys": ("log.run_id",)},
        {
            "plan split": "of no use: a log line does not name its run, so it has to be read with it",
            "account": "GET /v1/auth/me answered 404; the key is tried on the listings",
            "totals": "answered 404: days cannot be reconciled with the vendor's totals",
            "logs: embed=run": "run: missing",
            "cursor": "refused: 410",
        },
    ),
    (
        {"filter_precision": "day", "stats_zone_hours": -5, "cursor_repeats_after": 1},
        {
            "logs: filter": "infix answered with other rows, dotted answered with other rows: "
            "ranges are read newest first, which takes longer",
            "totals": "one UTC day gives 2 buckets: their days begin at another hour",
            "cursor": "next is a token; the second page has 20 rows, 20 of them repeated",
        },
    ),
    (
        {"equal_timestamps": 86_400.0 * 400, "poison": ("all",), "poison_every": 3},
        {"logs: filter": "too few different times to tell", "runs: sort": "too few different times to tell"},
    ),
]


@pytest.fixture(scope="module")
def served():
    with serve(SMALL) as box:
        yield box


@pytest.mark.parametrize(("switches", "expected"), WORLDS, ids=range(len(WORLDS)))
def test_each_open_point_is_told_as_the_api_behaves_with_about_20_requests(served, tmp_path, switches, expected):
    seen = Visit(served, tmp_path, **switches)
    assert {topic: seen.told.get(topic) for topic in expected} == expected
    assert (seen.code, seen.failed) == (0, [])
    assert 18 <= seen.asked <= 25
