"""Signed URLs lose their query, wherever they stand; other URLs keep theirs."""

from __future__ import annotations

import pytest

from pipeline.signatures import unsigned, without_signatures

AWS = "https://b.s3.amazonaws.com/o/1.webp?X-Amz-Algorithm=AWS4&X-Amz-Credential=a%2Fb&X-Amz-Signature=0f"


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0f",
        "X-Goog-Credential=c&X-Goog-Signature=0f",
        "Expires=1&Signature=a~b_&Key-Pair-Id=K",
        "sv=2024&se=2026-11-24T00:00:00Z&sig=a%2Bb%3D",
        "AWSAccessKeyId=A&Signature=b&Expires=1",
        "w=1,2&x-amz-signature=0f",
    ],
)
def test_each_vendors_signed_query_goes(query):
    assert unsigned(f"https://h/p/a.png?{query}") == "https://h/p/a.png"
    assert without_signatures(f'{{"u":"https://h/p/a.png?{query}"}}'.encode()) == b'{"u":"https://h/p/a.png"}'


@pytest.mark.parametrize(
    "url",
    [
        "https://h/cb?id=5&run=7",
        "https://h/s?page_token=a",
        "what? really?",
        "https://h/?design=signature",
        "a?b=c?d=e",
    ],
)
def test_what_is_not_signed_keeps_its_query(url):
    assert unsigned(url) == url
    assert without_signatures(f'"{url}"'.encode()) == f'"{url}"'.encode()


def test_a_url_inside_a_message_loses_only_its_query():
    assert unsigned(f"Fetching {AWS} took 5 ms") == "Fetching https://b.s3.amazonaws.com/o/1.webp took 5 ms"
    assert unsigned(f"(see {AWS}), ok.") == "(see https://b.s3.amazonaws.com/o/1.webp), ok."


def test_json_inside_a_message_stays_whole():
    raw = rb'{"m":"got {\"url\": \"https://h/a?X-Amz-Signature=1\", \"n\": 2}"}'
    assert without_signatures(raw) == rb'{"m":"got {\"url\": \"https://h/a\", \"n\": 2}"}'


def test_escaped_ampersands_do_not_hide_a_signature():
    assert without_signatures(rb'"https:\/\/h\/a?x=1\u0026X-Amz-Signature\u003d0f"') == rb'"https:\/\/h\/a"'


def test_two_urls_in_one_text_are_told_apart():
    assert unsigned("https://a/1?sig=x https://b/2?v=3") == "https://a/1 https://b/2?v=3"
    assert unsigned("['https://a/1?sig=x','https://b/2?sig=y']") == "['https://a/1','https://b/2']"
