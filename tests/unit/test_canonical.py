"""Money is exact or refused; free JSON has one spelling."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.canonical import canonical, lenient, money, text_of, value_of


@pytest.mark.parametrize(
    ("json", "amount"),
    [
        (b'"0.55"', "0.55"), (b'".5"', "0.5"), (b'"5."', "5"), (b'"-1.20"', "-1.20"), (b'"+3"', "3"),
        (b'"000.1"', "0.1"), (b'"0E-8"', "0"), (b'"1E-7"', "0.0000001"), (b"0.3034", "0.3034"), (b"1e-7", "1E-7"),
        (b"12", "12"), (b'"-0"', "0"),
        (b'"99999999999999999999.999999999999999999"', "99999999999999999999.999999999999999999"),
        (b'"0.1000000000000000000000"', "0.1"),
    ],
)  # fmt: skip
def test_every_documented_spelling_of_an_amount_is_read_exactly(json, amount):
    assert money(json) == Decimal(amount)


def test_null_is_no_amount():
    assert money(b"null") is None


@pytest.mark.parametrize(
    "json",
    [b'""', b'"abc"', b'"1,000.00"', b'"NaN"', b'"Infinity"', b'"1e-30"', b'"0.1234567890123456789"', b'"1e20"',
     b'"100000000000000000000"', b'" 1"', b"true", b"[1]", '"\u0661"'.encode(), b'"1', b'"--1"', b'"1e99999"'],
)  # fmt: skip
def test_what_is_no_amount_or_does_not_fit_is_refused_never_rounded(json):
    with pytest.raises(ValueError, match=r"decimal number|DECIMAL"):
        money(json)


def test_free_json_has_one_spelling():
    assert canonical(b'{"b": 1.50, "a": [1e3, null, {"z":1,"y":2}]}') == '{"a":[1E+3,null,{"y":2,"z":1}],"b":1.50}'
    assert canonical(b"null") is None
    assert canonical(b"123456789012345678901234567890") == "123456789012345678901234567890"


def test_free_json_is_stored_without_signatures():
    assert canonical(rb'{"u":"https:\/\/h\/a?X-Amz-Signature=1"}') == '{"u":"https://h/a"}'


@pytest.mark.parametrize("json", [b'{"a":NaN}', b'"\\ud83d"', b'"\xff"'])
def test_what_no_text_can_hold_stays_recognisable_after_the_lenient_parser(json):
    """It must fail again when the object is decoded: never become null or a replacement in silence."""
    with pytest.raises(Exception, match=r".") as refusal:
        value_of(text_of(lenient(json)))
    assert refusal.type.__name__ in {"DecodeError", "ValidationError", "UnicodeDecodeError"}
