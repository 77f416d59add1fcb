"""Pages in each wrapper, objects strictly, and bad fields by name."""

from __future__ import annotations

import json

import pytest

from pipeline.decode import decode, read_head, read_one, row_times
from pipeline.errors import BrokenBody

ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


@pytest.mark.parametrize(
    ("page", "cursor"),
    [
        ({"items": [], "next": "abc"}, "abc"),
        ({"items": [], "next_pq": "abc", "prev_pq": None}, "abc"),
        ({"items": [], "next": None}, None),
        ({"items": [], "next": ""}, None),
        ({"items": []}, None),
        ({"items": [], "next": None, "next_pq": "abc", "first": "x", "previous": None}, "abc"),
        ([], None),
    ],
)
def test_both_wrappers_and_every_end_marker_are_understood(page, cursor):
    assert read_head(json.dumps(page).encode()).next == cursor


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b'{"items":[{"id":1}', b'{"code":"RATE_LIMITED","message":"slow"}', b"null",
     b"5",
     b'{"error":{"message":"x"}}', b'{"items":null}', b'{"items":{}}'],
)  # fmt: skip
def test_a_200_that_is_no_page_is_a_broken_body(body):
    with pytest.raises(BrokenBody):
        read_head(body)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code":"X","message":"y"}', b"<html>", b'{"id":'])
def test_a_200_that_is_no_object_is_a_broken_body(body):
    with pytest.raises(BrokenBody):
        read_one(body)


def test_a_broken_character_in_one_row_leaves_its_neighbours_readable():
    head = read_head(
        f'{{"items":[{{"id":"{ID}","message":"\\ud83d"}},{{"id":"{ID}","message":"ok"}}],"next":"n"}}'.encode()
    )
    bad, good = (decode("logs", bytes(item)) for item in head.items)
    assert (bad.wire, bad.path) == (None, "message")
    assert good.wire.message == "ok"
    assert head.next == "n"


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("logs", "message", 5), ("logs", "timestamp", "2026-01-01T00:00:00"), ("logs", "timestamp", "yesterday"),
        ("logs", "run_id", "not-an-id"), ("runs", "duration_ms", "5"), ("runs", "has_logs", "yes"),
        ("runs", "cost", "0.1234567890123456789"), ("runs", "cost", {"usd": 1}), ("node_runs", "retry_count", 2**70),
        ("pricing", "price", "free"), ("flows", "version", "1"), ("models", "is_public", 1),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(kind, field, value):
    decoded = decode(kind, json.dumps({"id": ID, field: value}).encode())
    assert decoded.wire is None
    assert (decoded.path, decoded.row_id) == (field, ID)
    assert decoded.reason


@pytest.mark.parametrize("body", [b"5", b"[]", b"null", b'"text"'])
def test_an_item_that_is_no_object_is_bad_as_a_whole(body):
    assert decode("logs", body).wire is None


def test_an_object_without_an_id_is_bad():
    assert decode("logs", b'{"message":"x"}').path == "id"


def test_unknown_keys_do_not_make_an_object_bad():
    decoded = decode("runs", f'{{"id":"{ID}","cost":"1","brand_new":{{"a":1}}}}'.encode())
    assert decoded.wire.cost
    assert bytes(decoded.extra["brand_new"]) == b'{"a":1}'


def test_an_unknown_key_that_no_text_can_hold_makes_the_object_bad_and_is_named_in_plain_letters():
    decoded = decode("logs", f'{{"id":"{ID}","x\\ud800":1}}'.encode())
    assert decoded.wire is None
    assert (decoded.row_id, decoded.path) == (ID, "x\\ud800")


def test_a_bad_object_still_hands_over_its_children():
    decoded = decode("runs", f'{{"id":"{ID}","duration_ms":"x","node_runs":[{{"id":"{ID}"}}]}}'.encode())
    assert decoded.wire is None
    assert bytes(decoded.relations["node_runs"]).startswith(b"[{")


def test_times_of_a_sample_are_read_with_any_offset():
    head = read_head(f'[{{"id":"{ID}","timestamp":"2026-01-01T02:00:00.5+02:00"}},{{"id":null}},3]'.encode())
    times = row_times(head.items, "timestamp")
    assert [time and time.isoformat() for _, time in times] == ["2026-01-01T00:00:00.500000+00:00", None, None]
