"""The quarantine's commands on a night with poison in it; and that no command or file tells what is secret."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline import landing
from pipeline.inflate import inflate
from pipeline.sandbox import serve, truth
from pipeline.tables import TABLES
from tests.command import KEY, SIGNED, WORLD, flowledger

POISON = ("log:wrong-type", "run:bad-cost", "node_run:over-scale", "model:wrong-type")
POISONED = replace(WORLD, poison=POISON, poison_every=8, signing="url", signature="mixed")


@pytest.fixture(scope="module")
def box():
    with serve(POISONED) as served:
        yield served


def listed():
    """The ids of the open rejects, as `rejects list` shows them."""
    lines = flowledger("rejects", "list").out.splitlines()
    return [line.split()[0] for line in lines[2:]]


def test_a_night_with_poison_loads_the_rest_and_says_where_to_look(loaded, night, box):
    told = night[1]
    assert told.code == 3
    assert "rows could not be read and are in quarantine: flowledger rejects list" in told.out
    rows = json.loads(flowledger("status", "--json").out)["loaded"]
    assert 0 < rows["rows"]["logs"] < len(truth(box.config).logs)
    assert sum(rows["rejects"].values()) == len(listed()) > 0
    assert "flowledger rejects list" in flowledger("status").out


def test_a_reject_is_shown_with_its_raw_text_and_the_reason(loaded):
    told = flowledger("rejects", "show", listed()[0])
    assert told.code == 0
    shown = dict(line.split(": ", 1) for line in told.out.splitlines() if ": " in line)
    assert shown["status"] == "open"
    assert shown["reason"]
    assert shown["raw"]


def test_a_discarded_reject_is_no_longer_open_and_stays_on_record(own):
    first, *rest = listed()
    assert flowledger("rejects", "discard", first).code == 0
    assert sorted(listed()) == sorted(rest)
    assert "status: discarded" in flowledger("rejects", "show", first).out


def test_a_replay_of_rejects_that_are_still_bad_leaves_them_open(own, monkeypatch):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    before = listed()
    told = flowledger("rejects", "replay")
    assert told.code == 0, told.said
    assert sorted(listed()) == sorted(before)


def test_the_landed_pages_hold_signatures_and_never_the_key(loaded):
    pages = [page for record in landing.records(loaded / "raw") for page in record.pages]
    bodies = [inflate(landing.read_body(loaded / "raw", page).body, page.encoding) for page in pages]
    assert sum(1 for body in bodies if SIGNED.search(body)) > 0
    assert [body for body in bodies if KEY.encode() in body] == []


def test_no_file_holds_the_key_and_none_but_the_landed_pages_a_signature(loaded):
    for path in (each for each in loaded.rglob("*") if each.is_file()):
        content = path.read_bytes()
        assert KEY.encode() not in content, path
        assert path.is_relative_to(loaded / "raw") or not SIGNED.search(content), path


def test_nothing_that_is_published_or_said_holds_a_signature_or_an_address(loaded, night, box):
    said = [night[1].said, flowledger("rejects", "list").out, flowledger("status").out]
    said += [flowledger("sql", f"FROM {name}", "--format", "json").out for name in TABLES]
    said += [flowledger("rejects", "show", each).out for each in listed()]
    users = [flow["created_by_user"] for flow in truth(box.config).flows.values()]
    private = {user["email"] for user in users if user and user["email"]}
    assert private
    for text in said:
        assert not SIGNED.search(text.encode()), text[:200]
        assert [address for address in private if address in text] == []


def test_a_replay_follows_the_policy_in_force_and_the_ledger_says_so(own, box, monkeypatch):
    assert "Privacy: users=drop, input=keep" in flowledger("status").out
    monkeypatch.setenv("FLOWLEDGER_PRIVACY", "users=keep,input=drop,output=hash")
    assert flowledger("replay").code == 0
    counted = "SELECT count(input) AS inputs, count(output) AS outputs, min(output) AS one FROM runs"
    (row,) = json.loads(flowledger("sql", counted, "--format", "json").out)
    assert row["inputs"] == 0
    assert row["outputs"] > 0
    assert row["one"].startswith("sha256:")
    user = next(flow["created_by_user"] for flow in truth(box.config).flows.values() if flow["created_by_user"])
    assert user["email"] in flowledger("sql", "FROM users", "--format", "json").out
    told = flowledger("status").out
    assert "Privacy: users=keep, input=drop, output=hash" in told
    assert "another policy" not in told
    monkeypatch.delenv("FLOWLEDGER_PRIVACY")
    assert flowledger("replay").code == 0
    assert user["email"].encode() not in (own / "warehouse.duckdb").read_bytes()
