"""Whatever an error answer looks like, its own words are found, cut short and free of secrets."""

from __future__ import annotations

import gzip

import pytest

from pipeline.complaint import complaint


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"code":"C","message":"m","errors":[]}', "C: m"),
        (b'{"error":{"code":"C","message":"m"}}', "C: m"),
        (b'{"error":"m","code":"C"}', "C: m"),
        (b'{"detail":"m"}', "m"),
        (b'{"detail":[{"loc":["query","q"],"msg":"bad"}]}', '[{"loc":["query","q"],"msg":"bad"}]'),
        (b'{"code":429}', "no message"),
        (b"<html><head><title>\n 502 Bad\n Gateway</title></head><body>nginx</body>", "502 Bad Gateway"),
        (b"<p>upstream <b>timed out</b></p>", "upstream timed out"),
        (b"plain words", "plain words"),
        (b"", "no message"),
        (b"[]", "[]"),
        (b'{"message":"\xff"}', '{"message":"\ufffd"}'),
        (b'{"message":"see https://x/y?X-Amz-Signature=abc now"}', "see https://x/y now"),
    ],
)
def test_every_envelope_of_an_error_is_understood(body, told):
    assert str(complaint(body, "identity")) == told


def test_a_complaint_is_short_and_quick_whatever_is_sent():
    for body in (b"x" * 10**6, b"<" * 10**6, b"<title" * 10**5, b"[" * 10**6, b'"' + b"y" * 10**6 + b'"'):
        assert len(complaint(body, "identity").message) <= 300


def test_a_complaint_that_does_not_inflate_says_nothing():
    assert str(complaint(b"<html>", "gzip")) == "no message"
    assert str(complaint(gzip.compress(b'{"message":"m"}'), "gzip")) == "m"


def test_a_secret_is_hidden_before_anything_is_cut():
    told = complaint(b'{"code":"s3cret","message":"' + b"." * 297 + b's3cret"}', "identity", "s3cret")
    assert told.code == "***"
    assert told.message == "." * 297 + "***"
