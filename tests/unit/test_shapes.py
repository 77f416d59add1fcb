"""Every form that the API may send has a name of its own, and the name holds nothing of the content."""

from __future__ import annotations

import base64
import json

import pytest

from pipeline import shapes
from pipeline.shapes import MISSING

PQ = "pq=%2F%2F5bMTc2"
SIGNED = "https://bucket.example/out/1.webp?X-Amz-Date=20251120T120000Z&X-Amz-Signature="


def parsed(text):
    return shapes.parse(text.encode())


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (MISSING, "missing"),
        (None, "null"),
        ("", "empty"),
        ("eyJvIjo1MH0", "token"),
        (base64.b64encode(b"\xff\xfe[1763]").decode(), "token"),
        (PQ, "query"),
        (f"limit=20&{PQ}", "query"),
        (f"?limit=20&{PQ}", "?query"),
        (f"/v1/runs?limit=20&{PQ}", "path"),
        (f"https://elsewhere.example/v1/runs?{PQ}", "URL"),
    ],
)
def test_a_cursor_is_named_by_its_form_and_a_token_may_begin_with_a_slash(value, form):
    assert shapes.cursor(value) == form


@pytest.mark.parametrize(
    ("page", "name", "value"),
    [
        ({"items": [], "next": "a"}, "next", "a"),
        ({"items": [], "next_pq": None}, "next_pq", None),
        ({"items": []}, "", MISSING),
        ([], "", MISSING),
        (None, "", MISSING),
    ],
)
def test_a_cursor_is_found_under_either_name(page, name, value):
    assert shapes.cursor_of(page) == (name, value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2025-11-20T12:00:00Z", "Z 0 digits"),
        ("2025-11-20T12:00:00.123Z", "Z 3 digits"),
        ("2025-11-20T12:00:00.123456+00:00", "+00:00 6 digits"),
        ("2025-11-20T14:00:00+02:00", "offset 0 digits"),
        ("2025-11-20T22:00:00+10:00", "offset 0 digits"),
        ("2025-11-20T12:00:00", "no zone 0 digits"),
        ("2025-11-20", "other"),
        (1763640000, "other"),
        (None, "null"),
    ],
)
def test_a_time_is_named_by_its_zone_and_its_digits(text, form):
    assert shapes.time(text) == form


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ('"0.55"', "string"),
        ("0.55", "number"),
        ("3", "number"),
        ('"1E-7"', "string with exponent"),
        ("1E-7", "number with exponent"),
        ("null", "null"),
        ("true", "other"),
        ("[]", "other"),
    ],
)
def test_a_decimal_is_named_by_its_spelling_as_it_was_written(written, form):
    assert shapes.decimal(parsed(written)) == form


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("0199f3c2-7d1e-7000-8000-000000000000", "UUIDv7"),
        ("275B6881-DAC5-4F5E-AF21-EE11D89AEB7B", "UUIDv4"),
        ("batch_01J0", "not a UUID"),
        (7, "not a UUID"),
        (None, "null"),
    ],
)
def test_an_id_is_named_by_its_version(value, form):
    assert shapes.identity(value) == form


def test_a_relation_is_missing_null_empty_or_filled():
    assert [shapes.relation(value) for value in (MISSING, None, [], {}, [1], {"id": 1})] == [
        *("missing", "null", "empty", "empty", "filled", "filled")
    ]


def test_the_generation_of_a_run_is_told_by_the_keys_that_came_with_each():
    assert shapes.generation({"id": 1, "cost": None}) == "generation 1"
    assert shapes.generation({"id": 1, "cost_breakdown": None}) == "generation 2"
    assert shapes.generation({"id": 1, "cost_breakdown": None, "feedback_is_positive": None}) == "generation 3"


def test_forms_that_differ_are_counted_and_one_form_is_not():
    assert shapes.tally(["a", "a"], str) == "a"
    assert shapes.tally(["b", "a", "a"], str) == "a (2), b (1)"
    assert shapes.tally([], str) == "no rows"


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["1", "2", "2"], "ascending"),
        (["2", "2", "1"], "descending"),
        (["1", "3", "2"], "unordered"),
        (["1", "1"], "unknown"),
        ([None, "1"], "unknown"),
        ([], "unknown"),
        # As text, each of these would be in another order.
        (["2025-11-20T12:00:00Z", "2025-11-20T12:00:00.5Z"], "ascending"),
        (["2025-11-20T13:00:00+02:00", "2025-11-20T12:00:00Z"], "ascending"),
        (["2025-11-20T12:00:00Z", "2025-11-20T13:00:00+02:00", "2025-11-20T10:00:00Z"], "descending"),
        (["2025-11-20T12:00:00Z", "2025-11-20T14:00:00+02:00"], "unknown"),
        (["2025-11-20T12:00:00", "2025-11-20T13:00:00Z"], "ascending"),
    ],
)
def test_an_order_is_that_of_moments_and_not_of_their_spelling(values, order):
    assert shapes.order(values) == order


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (f'{{"url": "{SIGNED}1"}}', f'{{"url": "{SIGNED}2"}}', "URLs are signed anew on each read"),
        (f'{{"url": "{SIGNED}1"}}', f'{{"url": "{SIGNED}1"}}', "signed URLs stay the same between two reads"),
        (f'{{"url": "{SIGNED}1"}}', f'{{"u": "{SIGNED}2"}}', "two reads differ in more than signatures"),
        ('{"url": "https://a.example/?page=2"}', '{"url": "https://a.example/?page=3"}', "no signed URLs seen"),
    ],
)
def test_signing_is_told_from_two_reads_of_one_page(first, second, told):
    assert shapes.signing(first.encode(), second.encode()) == told


def test_signatures_are_seen_where_the_ampersand_is_escaped():
    bodies = [json.dumps(f"{SIGNED}{n}").replace("&", "\\u0026").encode() for n in (1, 2)]
    assert shapes.signing(*bodies) == "URLs are signed anew on each read"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_json_is_none_and_no_error(body):
    assert shapes.parse(body) is None


def test_rows_are_the_objects_of_a_page_or_of_a_bare_list():
    assert shapes.rows(parsed('{"items": [{"id": 1}, null, 2]}')) == [{"id": "1"}]
    assert shapes.rows(parsed('[{"id": 1}]')) == [{"id": "1"}]
    assert shapes.rows(parsed('{"items": {"id": 1}}')) == shapes.rows(None) == []
