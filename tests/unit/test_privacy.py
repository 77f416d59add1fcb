"""The privacy policy: how it is written, and what it makes of rows, of rejects, and of what is stored already."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import digest_key, loads, merge, stage, warehouse
from pipeline.decode import decode
from pipeline.errors import StorageError, UsageError
from pipeline.flatten import flatten
from pipeline.privacy import FIELDS, hashed, parse, people
from pipeline.quarantine import raw_text
from pipeline.rows import make_row
from pipeline.settings import Settings, from_environment
from pipeline.tables import TABLES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ID, OTHER = "3c90c3cc-0d44-4b50-8888-000000000001", "3c90c3cc-0d44-4b50-8888-000000000002"
ADA = {"id": OTHER, "email": "ada@example.com", "first_name": "Ada", "avatar_url": "https://h/ada.png", "handle": "a"}
PROMPT = {"prompt": "a red shoe"}
RUN = {
    "id": ID, "status_code": "succeeded", "created_at": "2026-11-22T09:00:00Z", "cost": "0.15", "input": PROMPT,
    "output": {"url": "https://h/o.webp"}, "context": {"brand": "house"}, "metadata": {"order": 1},
    "failure_message": "no red shoe",
}  # fmt: skip


def row(given, policy, kind="runs"):
    """The values of the row that an object becomes, by column, and the columns that it says nothing about."""
    decoded = decode(kind, json.dumps(given).encode())
    made = make_row(kind, decoded.wire, decoded.extra, 1, {}, parse(policy, b"key"))
    names = TABLES[kind].names
    absent = {name for bit, name in enumerate(names) if made.absent >> bit & 1}
    return {**dict(zip(names, made.values, strict=True)), "extra": made.extra}, absent


def test_one_word_is_about_users_and_a_list_about_what_it_names():
    assert parse("hash").text == "users=hash,input=keep,output=keep,context=keep,metadata=keep,message=keep,meta=keep"
    assert parse(" Input=DROP , users=keep ").words == {**parse("keep").words, "input": "drop"}
    assert parse("input=drop").users == "drop"
    assert from_environment({"FLOWLEDGER_PRIVACY": "meta=hash"}).privacy == parse("meta=hash").text
    assert parse(parse("output=hash").text).words == parse("output=hash").words


@pytest.mark.parametrize(
    "text", ["no", "users", "users=no", "prompts=drop", "input=drop,input=keep", "drop,input=drop", ","]
)
def test_what_is_no_policy_is_refused_with_the_variable_and_what_to_write(text):
    with pytest.raises(UsageError, match=r"FLOWLEDGER_PRIVACY is .*drop, hash, keep.*users=hash,input=drop.*metadata"):
        parse(text)


def test_by_default_everything_but_users_is_kept():
    assert row(RUN, "drop") == row(RUN, "keep")
    flow, _ = row({"id": ID, "created_by_user": ADA}, "drop", "flows")
    assert json.loads(flow["created_by_user"]) == {"id": OTHER}


def test_a_field_that_is_dropped_is_a_null_that_counts_and_no_silence():
    values, absent = row(RUN, "input=drop,message=drop")
    assert (values["input"], values["failure_message"], values["feedback_reason"]) == (None, None, None)
    assert not {"input", "failure_message", "feedback_reason"} & absent
    assert values["output"] == '{"url":"https://h/o.webp"}'
    without = {name: value for name, value in RUN.items() if name != "input"}
    assert "input" in row(without, "keep")[1]
    assert "input" not in row(without, "input=drop")[1]


def test_a_hash_is_equal_for_equal_values_and_says_nothing_without_the_key():
    given = {**RUN, "input": "text", "output": {"u": "https://h/a?X-Amz-Signature=1"}}
    again = {**RUN, "input": "text", "output": {"u": "https://h/a?X-Amz-Signature=2"}}
    everything = ",".join(f"{name}=hash" for name in FIELDS)
    one, other = row(given, everything)[0], row(again, everything)[0]
    assert one == other
    assert json.loads(one["input"]) == hashed("text", b"key")
    assert one["failure_message"] == hashed("no red shoe", b"key")
    assert hashed("text", b"key") != hashed("text", b"other") != hashed("texts", b"other")
    assert one["cost"] == row(RUN, "keep")[0]["cost"]
    assert row({**RUN, "input": None}, everything)[0]["input"] is None


def test_every_field_of_the_policy_is_a_column_and_is_what_it_is_named_after():
    node = {"id": ID, "input": PROMPT, "output": PROMPT, "preview_value": "p", "error_message": "e"}
    said = {"runs": RUN, "node_runs": node, "logs": {"id": ID, "message": "m", "meta": {"a": 1}}}
    for kind, given in said.items():
        kept = row(given, "keep", kind)[0]
        for name in FIELDS[1:]:
            dropped = row(given, f"users=keep,{name}=drop", kind)[0]
            changed = {column for column in kept if kept[column] != dropped[column]}
            ruled = parse(f"{name}=drop").ruled.get(kind, {})
            assert changed == {column for column in ruled if kept[column] is not None}


@pytest.mark.parametrize("policy", ["drop", "hash"])
def test_users_are_found_in_unknown_fields_and_in_lists_as_well(policy):
    given = {"id": ID, "recent_stars": [{"id": ID, "user_id": OTHER, "user": ADA}], "owner_user": ADA, "users": [ADA]}
    flow, _ = row(given, policy, "flows")
    told = f"{flow['recent_stars']} {flow['extra']}"
    assert "ada@example.com" not in told
    assert "Ada" not in told
    assert told.count(OTHER) == 4
    assert people({"user": "a login"}, parse("drop")) == {"user": "a login"}


@pytest.mark.parametrize("word", ["drop", "hash"])
def test_the_raw_text_of_a_reject_follows_the_policy_in_the_object_and_in_what_it_holds(word):
    node = {"id": ID, "input": PROMPT, "retry_count": "twice"}
    bad = {**RUN, "duration_ms": "fast", "node_runs": [node], "logs": [{"id": ID, "message": "a red shoe"}]}
    policy = parse(f"input={word},message={word}", b"key")
    told = raw_text("runs", json.dumps(bad).encode(), policy)
    assert "red shoe" not in told
    assert '"fast"' in told
    assert raw_text("runs", told.encode(), policy) == told


def test_a_reject_stays_one_when_the_policy_drops_what_is_wrong_with_it():
    told = raw_text("logs", b'{"id":"x","message":{"text":"a red shoe"}}', parse("message=drop"))
    assert json.loads(told) == {"id": "x", "message": {}}


def test_a_reject_that_cannot_be_read_is_withheld():
    assert raw_text("logs", b"{red shoe", parse("message=drop")).startswith("withheld")
    assert raw_text("logs", b"{red shoe", parse("keep")) == "{red shoe"


@pytest.fixture
def con(tmp_path):
    with closing(warehouse.connect(tmp_path / "warehouse.duckdb", None)) as con:
        yield con


def stored(con, given, policy, order):
    """The column `input` after one more sight of the run under a policy."""
    decoded = decode("runs", json.dumps(given).encode())
    made = make_row("runs", decoded.wire, decoded.extra, order << 40, {}, parse(policy))
    rows = {kind: [made] if kind == "runs" else [] for kind in TABLES}
    stage.stage(con, TABLES["runs"], flatten(rows, {order << 20: NOW + timedelta(hours=order)})["runs"])
    merge.merge(con, TABLES["runs"], "load", NOW)
    return con.execute("SELECT input FROM warehouse.main.runs").fetchall()[0][0]


def test_what_is_dropped_from_now_on_leaves_rows_that_are_read_again_and_comes_back_with_the_policy(con):
    silent = {name: value for name, value in RUN.items() if name != "input"}
    assert stored(con, RUN, "keep", 1) == json.dumps(PROMPT, separators=(",", ":"))
    assert stored(con, silent, "keep", 2) is not None
    assert stored(con, silent, "input=drop", 3) is None
    assert stored(con, RUN, "keep", 4) is not None
    assert stored(con, RUN, "input=drop", 5) is None


def test_the_key_is_made_once_for_its_owner_only_and_only_where_something_is_hashed(tmp_path):
    settings = Settings(home=tmp_path / "home")
    assert digest_key.policy_of(settings).key == b""
    assert not settings.home.exists()
    key = digest_key.policy_of(replace(settings, privacy="input=hash")).key
    assert len(key) == 32
    assert digest_key.key_of(settings.home) == key
    assert (settings.home / digest_key.FILE).stat().st_mode & 0o777 == 0o600
    assert repr(key) not in repr(parse("hash", key))
    (settings.home / digest_key.FILE).write_text("half")
    with pytest.raises(StorageError, match=r"privacy\.key.*backup"):
        digest_key.key_of(settings.home)


def test_the_policy_of_each_load_is_on_record(con):
    loads.begin_load(con, "nightly", {}, NOW, parse("input=drop").text)
    loads.begin_load(con, "nightly", {}, NOW, parse("drop").text)
    found = con.execute("SELECT privacy FROM warehouse.ledger.loads ORDER BY number").fetchall()
    assert found == [(parse("input=drop").text,), (parse("drop").text,)]
