"""A night against the sandbox with a fault switched on ends in the tables of a night without it (P3, P4, P8)."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
import stamina

from pipeline.errors import AccessRefused, FlowledgerError
from pipeline.sandbox import Config, serve, truth
from tests.product import NOW, SMALL, differences, held, nightly, settings_for, wanted

PAGED = {"page_cap": 7}


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=12)
    yield
    stamina.set_testing(False)


def after_a_night(tmp_path, **switches):
    """Exit code of a night, and where the tables differ from the truth."""
    with serve(replace(SMALL, **switches)) as box:
        outcome = nightly(settings_for(box, tmp_path))
        return outcome, differences(held(tmp_path), wanted(truth(box.config), box.config))


HARMLESS = [
    {"cursor_name": "next_pq"},
    *({"cursor_form": form} for form in ("query", "question", "url", "relative-url", "foreign-url")),
    {"end_marker": "missing"},
    {"end_marker": "empty"},
    *({"grammar": grammar} for grammar in ("infix", "dotted", "dotted-eq", "reject", "ignore")),
    {"grammar": "reject", "refusal_status": 400},
    {"filter_precision": "second"},
    {"filter_precision": "day"},
    *({"sort": sort} for sort in ("ignored", "reversed", "unordered", "arrival", "reject")),
    {"sort": "ignored", "grammar": "ignore"},
    {"sort": "unordered", "grammar": "ignore"},
    {"sort": "reject", "grammar": "reject"},
    {"repeat_rows": 2},
    {"disorder": 0.3},
    {"empty_page_every": 2},
    {"trailing_empty_page": True},
    {"cursor_expires_after": 2, "cursor_expires_times": 2},
    *(
        {"cursor_expires_after": 2, "cursor_expires_times": 1, "cursor_expired_status": status}
        for status in (400, 404, 422)
    ),
    *({"codings": codings} for codings in ((), ("gzip",), ("br",), ("zstd",))),
    # What the server asks to wait is waited, so these two are few.
    *({"rate_limit_every": 25, "retry_after": how} for how in ("seconds", "date")),
    *({"rate_limit_every": 5, "retry_after": how} for how in ("nonsense", "none")),
    {"server_error_every": 5},
    {"server_error_every": 5, "server_error_status": 500},
    {"reset_every": 5},
    {"truncate_every": 5},
    {"cut_every": 5},
    {"error_in_200_every": 5},
    {"missing_endpoints": ("stats", "me")},
    {"equal_timestamps": 3600.0},
    {"fraction": "0"},
    {"fraction": "3"},
    {"fraction": "auto"},
    {"log_ids": "v7"},
    {"run_ids": "random"},
    *({"log_run": how} for how in ("null", "missing", "mixed")),
    *({"embed_flow": how} for how in ("null", "missing", "mixed")),
    *({"embed_model": how} for how in ("null", "missing", "mixed")),
    *({"embed_node_runs": how} for how in ("null", "missing", "empty", "mixed")),
    *({"embed_logs": how} for how in ("filled", "missing", "empty", "mixed")),
    {"embed_flow": "missing", "embed_model": "missing", "embed_node_runs": "missing", "log_run": "missing"},
    {"model_pricing": "null"},
    {"model_pricing": "missing"},
    {"model_pricing": "empty"},
    {"embedded_run": "snapshot"},
    {"runs_embed": False},
    *({"decimals": how} for how in ("number", "exponent", "exponent-number", "mixed")),
    *({"zone": zone} for zone in ("+00:00", "+02:00", "mixed")),
    *({"signing": how} for how in ("none", "page", "url")),
    {"signature": "mixed", "signing": "url"},
    {"generation": "mixed"},
    {"cancel_spelling": "mixed", "odd_statuses": 0.5},
    {"failed_cost": "null"},
    {"output_shapes": "mixed"},
    {"data_uri_bytes": 200_000, "data_uri_every": 5},
    {"unknown_keys": True},
    {"long_runs": 0.3},
    {"both_relations": True},
    # What alone could hardly do harm, all at once.
    {
        "latency_ms": 2.0, "rate_headers": True, "codings": ("gzip",), "gzip_level": 1, "envelope": "nested-string",
        "error_in_200_every": 6, "stall_every": 7, "stall_seconds": 0.05, "personal_data": False, "open_cost": "zero",
        "default_limit": 3, "over_limit": "clamp", "no_logs": 0.5,
    },
]  # fmt: skip


STRIKES = {
    "cursor_expires_after", "rate_limit_every", "server_error_every", "reset_every", "truncate_every", "cut_every",
    "error_in_200_every",
}  # fmt: skip


def named(switches):
    return ",".join(f"{name}={value}" for name, value in switches.items())


@pytest.mark.parametrize("switches", HARMLESS, ids=named)
def test_the_tables_are_those_of_a_clean_night(tmp_path, switches):
    with serve(replace(SMALL, **{**PAGED, **switches})) as box:
        outcome = nightly(settings_for(box, tmp_path))
        wrong = differences(held(tmp_path), wanted(truth(box.config), box.config))
        struck = [each for each in box.requests if each.fault or each.status >= 400]
    assert wrong == []
    assert (outcome.failed, outcome.exit_code) == ((), 0)
    assert struck or not STRIKES & switches.keys(), "the fault never happened"


def test_rows_that_appear_while_pages_are_read_are_there_after_the_next_night(tmp_path):
    with serve(replace(SMALL, insert_while_paging=2, **PAGED)) as box:
        settings = settings_for(box, tmp_path)
        # The first may notice, by the totals, that rows were yet to appear.
        assert nightly(settings).exit_code in {0, 3}
        assert nightly(settings).exit_code == 0
        assert differences(held(tmp_path), wanted(truth(box.config))) == []


def test_a_status_that_no_page_names_is_loaded_and_a_finding(tmp_path):
    outcome, wrong = after_a_night(tmp_path, unknown_status=0.2)
    assert wrong == []
    assert {finding.check for finding in outcome.findings} == {"status_unknown"}
    assert outcome.exit_code == 3


HOPELESS = [
    ({"cursor_repeats_after": 1}, "named before"),
    ({"redirect_every": 3}, "redirect"),
    ({"server_error_every": 1}, "did not answer"),
]


def told_by(settings):
    """Exit code, version and messages of a night, however it ended."""
    try:
        outcome = nightly(settings)
    except FlowledgerError as error:
        return error.exit_code, None, [str(error)]
    return outcome.exit_code, outcome.published, [message for _, message in outcome.failed]


@pytest.mark.parametrize(("switches", "told"), HOPELESS, ids=str)
def test_what_time_does_not_heal_fails_with_its_name_and_publishes_nothing(tmp_path, switches, told):
    with serve(replace(SMALL, **PAGED)) as box:
        settings = settings_for(box, tmp_path)
        published = nightly(settings).published
        box.configure(**switches)
        code, version, messages = told_by(settings)
        assert (code, version) == (1, None)
        assert messages
        assert all(told in message for message in messages)
        manifest = (tmp_path / "published" / "manifest.json").read_text(encoding="utf-8")
        assert published in manifest


REFUSED = [{"unauthorized_after": 4}, {"forbidden_after": 4}, {"forbidden": ("logs",)}]


@pytest.mark.parametrize("switches", REFUSED, ids=str)
def test_a_refused_key_stops_the_job_with_a_sentence_and_without_the_key(tmp_path, switches):
    with serve(replace(SMALL, **switches)) as box, pytest.raises(AccessRefused) as refused:
        nightly(settings_for(box, tmp_path))
    assert "key" in str(refused.value)
    assert "rf_live_sandbox" not in str(refused.value)


@pytest.mark.parametrize("switches", [{"forbidden": ("node_runs",)}, {"missing_endpoints": ("node_runs",)}], ids=str)
def test_node_runs_that_may_not_be_listed_are_a_finding_and_the_rest_loads(tmp_path, switches):
    outcome, wrong = after_a_night(tmp_path, embed_node_runs="null", **switches)
    assert {line.split()[0] for line in wrong} == {"node_runs"}
    assert (outcome.failed, outcome.exit_code) == ((), 3)


def test_a_window_that_outlives_its_cursors_is_read_all_the_same(tmp_path):
    outcome, wrong = after_a_night(tmp_path, page_cap=10, cursor_expires_after=4)
    assert wrong == []
    assert outcome.exit_code == 0


@pytest.mark.parametrize("kind", ["flows", "models", "pricing", "node_runs"])
def test_a_relation_that_may_not_be_read_is_a_finding_and_the_rest_loads(tmp_path, kind):
    outcome, wrong = after_a_night(tmp_path, forbidden=(kind,), model_pricing="missing")
    assert [line for line in wrong if line.startswith(("logs", "runs "))] == []
    assert {finding.check for finding in outcome.findings} - {f"{kind}_missing"} == {"relation_not_given"}
    assert outcome.exit_code == 3


GENERATION_2 = {"cost_breakdown", "resolved_template_id", "batch_id", "client_ref", "failure_code", "failure_message"}
GENERATION_2 |= {"failure_stage_code"}
GENERATION_3 = {"feedback_is_positive", "feedback_reason", "source_chat_message_id", "current_evaluation_summary"}
ENUM_KEYS = {"target_type", "status_code", "source_code", "failure_stage_code"}


@pytest.mark.parametrize(
    ("switches", "unsaid"),
    [
        ({"generation": "1"}, GENERATION_2 | GENERATION_3),
        ({"generation": "2"}, GENERATION_3),
        ({"generation": "3"}, set()),
        ({"enum_keys": False}, ENUM_KEYS),
    ],
    ids=["1", "2", "3", "no enum keys"],
)
def test_keys_that_a_generation_does_not_have_are_null_and_all_others_load(tmp_path, switches, unsaid):
    with serve(replace(SMALL, **switches)) as box:
        assert nightly(settings_for(box, tmp_path)).exit_code == 0
        known = truth(replace(box.config, generation="3", enum_keys=True))
        wrong = differences(held(tmp_path), wanted(known))
    assert bool(wrong) == bool(unsaid)
    assert {line.split()[2].removesuffix(":") for line in wrong} <= unsaid
    assert all(": None, not " in line for line in wrong)


def test_amounts_that_are_not_given_are_null_and_the_rows_load(tmp_path):
    outcome, wrong = after_a_night(tmp_path, decimals="null")
    assert outcome.exit_code == 0
    assert wrong
    assert all(": None, not Decimal" in line or "_breakdown" in line for line in wrong)


@pytest.mark.parametrize("how", ["null", "empty"])
def test_flows_without_their_nodes_load_with_all_the_rest(tmp_path, how):
    outcome, wrong = after_a_night(tmp_path, flow_nodes=how)
    assert {line.split()[0] + " " + line.split()[2] for line in wrong} == {"flows nodes:"}
    assert (outcome.failed, outcome.exit_code) == ((), 0)


def test_rows_of_a_clock_that_runs_on_while_pages_are_read_are_there_after_the_next_night(tmp_path):
    with serve(replace(SMALL, clock_step=60.0, **PAGED)) as box:
        settings = settings_for(box, tmp_path)
        assert nightly(settings, NOW, NOW).exit_code == 0
        late = box.now
        assert late > NOW + timedelta(minutes=20)
        box.configure(now=late, clock_step=0.0)
        assert nightly(settings, late).exit_code == 0
        assert differences(held(tmp_path), wanted(truth(box.config))) == []


NIGHTS = (
    "test_bounds.py", "test_changing_source.py", "test_drift.py", "test_fault_pairs.py",
    "test_nightly_through_faults.py", "test_partial_failures.py", "test_promises.py", "test_reconciliation.py",
    "test_split.py",
)  # fmt: skip
NO_FAULT = {
    **dict.fromkeys(("seed", "organization", "days", "start", "ends", "flows"), "which world, and how much of it"),
    **dict.fromkeys(("api_key", "now"), "every test sets them"),
    "clock_offset": "only moves `now`",
    "edges": "on in every test: rows stand on the edges of each day",
    "projection": "nothing is asked with `fields`",
    "rate_limit": "its answer is that of rate_limit_every; only the moment differs",
    "retry_after_seconds": "how long is waited is told by the tests of fetch, with a clock of their own",
    **dict.fromkeys(
        ("stats_zone_hours", "stats_spend_error", "stats_count_error"),
        "totals are compared and never loaded: the tests of reconciliation tell what comes of it",
    ),
    "stats_top": "the list of flows in the totals is not read",
    "balance_shape": "only doctor asks for the balance",
}  # fmt: skip


@pytest.mark.parametrize("switch", [each.name for each in fields(Config)])
def test_every_switch_of_the_sandbox_is_tried_with_a_night_or_named_with_the_reason_why_not(switch):
    tried = [name for name in NIGHTS if re.search(rf'"{switch}":|\b{switch}=', _told(name))]
    assert tried or switch in NO_FAULT


def _told(name):
    return (Path(__file__).with_name(name)).read_text(encoding="utf-8")
