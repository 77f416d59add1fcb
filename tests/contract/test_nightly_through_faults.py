"""A night against the sandbox with a fault switched on ends in the tables of a night without it (P3, P4, P8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import stamina

from pipeline.errors import AccessRefused, FlowledgerError
from pipeline.sandbox import serve, truth
from tests.product import SMALL, differences, held, nightly, settings_for, wanted

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
]


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
        assert [nightly(settings).exit_code, nightly(settings).exit_code] == [0, 0]
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
    assert {finding.check for finding in outcome.findings} == {"relation_not_given"}
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
