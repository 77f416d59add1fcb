"""Taking a person out of JSON, and what a load does about somebody who was forgotten before."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline.forgotten import MAIL, USER, Forgotten, digest
from pipeline.inflate import inflate
from pipeline.observations import Observations
from pipeline.privacy import parse
from pipeline.scrub import scrubbed, scrubbed_body
from pipeline.sought import Sought
from pipeline.values import LandedPage, RawPage, Request

WHEN = datetime(2026, 11, 24, tzinfo=UTC)
ADA, BOB = "3c90c3cc-0d44-4b50-8888-0000000000aa", "3c90c3cc-0d44-4b50-8888-0000000000bb"
RUN, OTHER = "3c90c3cc-0d44-4b50-8888-000000000100", "3c90c3cc-0d44-4b50-8888-000000000200"
LINE, NODE = "3c90c3cc-0d44-4b50-8888-000000000001", "3c90c3cc-0d44-4b50-8888-000000000002"
USER_OBJECT = {"id": ADA, "email": "Ada.Ößl@example.com", "first_name": "Ada", "last_name": "Ößl"}
MINE = {"id": RUN, "created_by": ADA.upper(), "status_code": "failed", "cost": "0.15", "input": {"p": "shoe"},
        "planet": "x", "failure_message": "no shoe"}  # fmt: skip
THEIRS = {"id": OTHER, "created_by": BOB, "status_code": "failed", "cost": 1.10, "input": {"p": "shoe"}, "planet": "x"}


def without_ada(kind, given, sought=None):
    text = given if isinstance(given, bytes) else json.dumps(given).encode()
    return json.loads(scrubbed(kind, text, sought or Sought({ADA})))


def test_of_their_run_stays_what_is_counted_and_goes_what_was_written():
    assert without_ada("runs", MINE) == {"id": RUN, "status_code": "failed", "cost": "0.15"}


def test_an_object_that_does_not_concern_them_is_the_very_same():
    text = b'{ "id":"%s",  "cost": 1.10, "input": 1e2 }' % OTHER.encode()
    assert scrubbed("runs", text, Sought({ADA}, runs={RUN})) is text


def test_lines_and_steps_of_their_run_are_emptied_wherever_they_stand():
    sought = Sought({ADA}, runs={RUN})
    line = {"id": LINE, "run_id": RUN, "level_code": "info", "message": "shoe", "meta": {"a": 1}, "note": "shoe"}
    step = {"id": NODE, "cost": "1", "input": {"p": "shoe"}, "error_message": "shoe", "preview_value": "shoe"}
    assert without_ada("logs", line, sought) == {"id": LINE, "run_id": RUN, "level_code": "info"}
    assert without_ada("node_runs", {**step, "run_id": RUN}, sought) == {"id": NODE, "cost": "1", "run_id": RUN}
    inside = without_ada("logs", {"id": LINE, "message": "shoe", "run": {**MINE, "node_runs": [step], "logs": [line]}})
    assert "shoe" not in json.dumps(inside)
    assert inside["run"]["node_runs"] == [{"id": NODE, "cost": "1"}]


def test_in_what_others_wrote_only_their_id_their_address_and_their_full_name_are_replaced():
    sought = Sought({ADA})
    flow = {"id": LINE, "name": "Shoes of Ada", "created_by": ADA, "created_by_user": USER_OBJECT,
            "recent_stars": [{"id": NODE, "user_id": ADA}, {"id": NODE, "user_id": BOB}]}  # fmt: skip
    assert without_ada("flows", flow, sought) == {
        "id": LINE, "name": "Shoes of Ada", "recent_stars": [{"id": NODE, "user_id": BOB}],
    }  # fmt: skip
    said = {**THEIRS, "input": {"p": f"for ADA ÖSSL, no: ada ößl <ada.ÖSSL@x>, ada.ößl@EXAMPLE.com, {ADA}!", ADA: 1}}
    left = without_ada("runs", said, sought)["input"]
    assert left["p"] == "for ADA ÖSSL, no: forgotten <ada.ÖSSL@x>, forgotten, forgotten!"
    assert left["forgotten"] == 1


@pytest.mark.parametrize("text", [json.dumps(USER_OBJECT), json.dumps(USER_OBJECT, ensure_ascii=False)])
def test_an_address_is_found_however_its_letters_are_spelled(text):
    sought = Sought({ADA})
    body = (
        b'{"items":[{"id":"%s","note":"ADA.\\u00d6\\u00dfl@example.com"},{"id":"%s","created_by_user":%s}],"next":"c"}'
    )
    left = scrubbed_body("flows", body % (LINE.encode(), NODE.encode(), text.encode()), sought)
    assert json.loads(left) == {"items": [{"id": LINE}, {"id": NODE}], "next": "c"}


def test_numbers_keep_their_digits_and_a_wrong_type_stays_wrong():
    sought = Sought({ADA}, runs={RUN})
    line = b'{"id":"%s","run_id":"%s","message":{"text":"shoe"},"timestamp":1.50}' % (LINE.encode(), RUN.encode())
    assert scrubbed("logs", line, sought).endswith(b'"message":{},"timestamp":1.50}')


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("stats", b'{"top":[{"user_id":"%s","runs":4}],"total":1}'),
        ("run", b"<html>%s is unknown</html>"),
        ("logs", b'{"error":{"message":"%s"}}'),
        ("logs", b'{"items":[{"id":NaN,"message":"by %s"}]}'),
        ("runs", b'["%s", 7]'),
    ],
)
def test_a_body_that_is_nothing_known_names_nobody_either(kind, body):
    assert ADA.encode() not in scrubbed_body(kind, body % ADA.encode(), Sought({ADA}))


def forgotten(**given):
    digests = {digest(b"key", USER, ADA), digest(b"key", MAIL, "ada.ößl@example.com")}
    return Forgotten(b"key", frozenset(digests), given.get("runs", set()))


def page(kind, *items, body=None):
    text = json.dumps({"items": items, "next": None}).encode() if body is None else body
    return RawPage(Request(kind, "/v1/x"), 200, "identity", text, WHEN)


def test_a_page_of_a_later_load_is_landed_without_them_and_tells_which_runs_are_theirs():
    known = forgotten()
    left = known.without(page("logs", {"id": LINE, "run_id": RUN, "message": "shoe"}, {"id": NODE, "run": MINE}))
    assert b"shoe" not in inflate(left.body, left.encoding)
    assert known.new == known.runs == {RUN}
    assert b"shoe" not in known.without(page("node_runs", {"id": NODE, "run_id": RUN, "input": "shoe"})).body
    written = known.without(page("logs", {"id": LINE, "run_id": OTHER, "message": "ask ada.ößl@example.com"}))
    assert json.loads(written.body)["items"][0]["message"] == "ask forgotten"


def test_a_page_that_does_not_speak_of_them_is_landed_as_it_was_received():
    for given in (page("runs", THEIRS), page("runs", body=b"\x00"), page("me", body=b"")):
        assert forgotten().without(given) is given


def test_a_line_that_came_before_its_run_was_known_is_stored_empty():
    observed = Observations(1, parse("keep"))
    items = [json.dumps({"id": LINE, "run_id": run, "message": "shoe"}).encode() for run in (RUN, OTHER)]
    observed.add("logs", items, LandedPage(0, Request("logs", "/v1/x"), 200, "identity", "0", WHEN), None)
    rows = observed.settle()
    forgotten(runs={RUN}).empty(rows)
    assert [row.values[3] for row in rows["logs"]] == [None, "shoe"]
    assert [row.absent >> 3 & 1 for row in rows["logs"]] == [1, 0]
