"""A page of logs read the fast way holds what the plain way reads: rows, rejects, drift, times and what is missing."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import signatures, splice
from pipeline.errors import BrokenBody
from pipeline.privacy import parse
from pipeline.receipt import Receipt
from pipeline.signatures import without_signatures
from pipeline.splice import KnownRuns
from pipeline.values import LandedPage, RawPage, Request, Window

WHEN = datetime(2026, 11, 24, tzinfo=UTC)
WINDOW = Window(datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC))
REQUEST = Request("logs", "/v1/runs/any/logs")
SIGNATURE = "<signature>"
QUERIES = (
    "?X-Amz-Date=20261120&X-Amz-Signature=<signature>",
    "?sig=<signature>",
    "?Expires=<signature>&Signature=<signature>",
    "?X-Amz-Signature=<signature>).",
    "?v=<signature>",
    "?a=1&sig=<signature> and more",
    "?sig=<signature>'s",
    "?sig=",
    "",
)


def uid(n):
    return f"3c90c3cc-0d44-4b50-8888-{n:012d}"


urls = st.sampled_from(QUERIES).map(lambda query: f"https://h/a{query}")
texts = st.one_of(
    urls, st.sampled_from(['"run":{', '\\"run":{"id":"x"}', "run", "ä\ud83d\ude00", "", splice.CUT.decode()])
)
small = st.recursive(
    st.one_of(st.none(), st.integers(0, 9), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["run", "a", "url"]), inner, max_size=2)
    ),
    max_leaves=4,
)  # fmt: skip


def shuffled(made):
    """The same object with its keys in any order."""
    return st.permutations(list(made.items())).map(dict)


runs = st.fixed_dictionaries(
    {"id": st.integers(100, 102).map(uid)},
    optional={
        "status_code": st.sampled_from(["running", "succeeded", 7]),
        "input": small,
        "output": urls,
        "metadata": small,
        "created_at": st.sampled_from(["2026-11-22T09:00:00Z", "never"]),
        "flow": st.fixed_dictionaries({"id": st.just(uid(7))}, optional={"cover_url": urls, "name": texts}),
        "node_runs": st.lists(
            st.fixed_dictionaries({"id": st.integers(50, 52).map(uid)}, optional={"output": small}), max_size=2
        ),
        "logs": st.lists(st.fixed_dictionaries({"id": st.integers(60, 62).map(uid), "message": texts}), max_size=1),
        "new": small,
    },
).flatmap(shuffled)


@st.composite
def listings(draw):
    """Pages of logs whose runs come from a few, so that they repeat; as JSON text."""
    pool = draw(st.lists(runs, min_size=1, max_size=3))
    numbers = itertools.count(1)
    given_run = st.one_of(st.sampled_from(pool), st.sampled_from(pool), st.sampled_from([None, 7, [], {}, "run"]))
    line = st.fixed_dictionaries(
        {},
        optional={
            "run_id": st.sampled_from([uid(100), None, uid(101)]),
            "message": st.one_of(texts, texts, st.just(5)),
            "timestamp": st.sampled_from(["2026-11-22T10:30:00Z", "2026-11-22T10:30:00+02:00", None, "soon"]),
            "meta": st.one_of(small, st.fixed_dictionaries({"run": st.sampled_from(pool)})),
            "run": given_run,
        },
    )
    odd = draw(st.sampled_from([{}, {}, {"new": 1}]))
    pages = draw(st.lists(st.lists(line, max_size=5), min_size=1, max_size=3))
    whole = st.just({"timestamp": "2026-11-22T10:30:00Z", "message": "m", "meta": {"step": 1}, "run_id": uid(100)})
    plain = draw(st.booleans())
    made = []
    for page in pages:
        items = [{"id": uid(next(numbers)), **(draw(whole) if plain else {}), **item, **odd} for item in page]
        made.append([draw(shuffled(item)) for item in items])
    return [written(draw, page) for page in made]


def written(draw, items):
    """A page's text: spaces, escapes and signatures as one server or another would write them."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
    text = json.dumps({"items": items, "next": None}, separators=separators, ensure_ascii=draw(st.booleans()))
    for plain, escaped in draw(st.sampled_from([(), (("&", "\\u0026"),), (("/", "\\/"), ("=", "\\u003d"))])):
        text = text.replace(plain, escaped)
    fresh = itertools.count(draw(st.sampled_from([10**9, 10**9, 99])))
    signed = draw(st.sampled_from(["each", "page", "never"]))
    for _ in range(text.count(SIGNATURE)):
        number = next(fresh) if signed == "each" else 10**9 + (id(items) % 97 if signed == "page" else 0)
        text = text.replace(SIGNATURE, str(number), 1)
    body = text.encode("utf-8", "surrogatepass")
    twice = draw(st.sampled_from([None, None, None, (b'"message"', b'"run"'), (b"}}", b"}"), (b"]", b",")]))
    return body.replace(*twice, 1) if twice else body


def read(pages, *, fast):
    """Everything that a commit would take from the pages."""
    numbers = itertools.count()
    receipt = Receipt(Path("unused"), 1, parse("drop"), WINDOW, lambda: next(numbers), referenced_only=True)
    if not fast:
        receipt.seen.known_runs.cut = lambda _: None
    times = []
    for number, body in enumerate(pages):
        landed = LandedPage(number, REQUEST, 200, "identity", "0", WHEN)
        try:
            times.append(receipt.take_landed(landed, RawPage(REQUEST, 200, "identity", body, WHEN)).times)
        except BrokenBody:
            times.append("broken")
    missing, known, size = receipt.seen.runs_missing(), receipt.seen.runs, len(receipt.seen)
    batch = receipt.batch(logs=None, runs=None)
    rows = {name: sorted(map(repr, table.to_pylist())) for name, table in batch.tables.items()}
    return rows, batch.rejects, batch.drift, batch.carried, times, missing, known, size


@settings(max_examples=300, deadline=None)
@given(listings(), st.sampled_from([16_000_000, 1]), st.sampled_from([4, 1]))
def test_the_fast_way_reads_what_the_plain_way_reads(pages, most_bytes, most_per_key):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splice, "MOST_BYTES", most_bytes)
        patch.setattr(splice, "MOST_PER_KEY", most_per_key)
        assert read(pages, fast=True) == read(pages, fast=False)


# What a query is made of, and what ends one or shows its signature.
pieces = st.lists(
    st.sampled_from(
        [
            "?",
            "&",
            "sig=",
            "X-Amz-Signature=",
            "&X-Amz-Signature=",
            "v=",
            "1",
            "22",
            " ",
            "'",
            "<",
            "\\u0026",
            "\\/",
            "\\n",
            ")",
            ".",
            "%26",
            "/",
        ]
    ),
    max_size=6,
).map("".join)


@st.composite
def copies(draw):
    """Two texts of one run that differ in nothing, in a signature, or in anything."""
    more = draw(st.lists(pieces, min_size=1, max_size=2))
    first = [f"https://h/a?X-Amz-Signature={{}}{piece}" for piece in more]
    another = st.builds("https://h/{}?{}{}".format, st.sampled_from("ab"), st.sampled_from(["v=", "sig="]), pieces)
    second = [draw(st.one_of(st.just(text), pieces.map(text.__add__), another)) for text in first]
    sign = draw(st.sampled_from(["123", "456", "7"]))
    return tuple(
        b'{"items":[{"run":{"id":"3c90c3cc-0d44-4b50-8888-000000000001",%s}}]}'
        % b",".join(b'"%d":"%s"' % (n, piece.replace("{}", filled).encode()) for n, piece in enumerate(held))
        for held, filled in ((first, "123"), (second, sign))
    )


@settings(max_examples=1500, deadline=None)
@given(pieces.map(lambda text: f'{{"a":"https://h/a?{text}","b":"?{text}"}}'.encode()))
def test_the_quick_way_cuts_the_queries_that_the_pattern_cuts(json):
    assert without_signatures(json) == signatures._BYTES.sub(signatures._cut_bytes, json)


@settings(max_examples=1500, deadline=None)
@given(copies())
def test_runs_taken_for_one_are_equal_but_for_their_signatures(pair):
    known = KnownRuns()
    (first,), (second,) = (known.cut(body).runs for body in pair)
    if first is second:
        assert without_signatures(pair[0]) == without_signatures(pair[1])


@pytest.mark.parametrize(
    "query", ["?X-Amz-Date=1&X-Amz-Signature={}", "?sig={}", "?a=\\u0026sig={}", "?a={}b&Signature={}"]
)
def test_a_run_whose_signatures_are_new_is_known_again(query):
    body = '{"items":[{"run":{"id":"3c90c3cc-0d44-4b50-8888-000000000001","a":"https://h/a%s","b":"https://h/b%s"}}]}'
    known = KnownRuns()
    first, *others = (
        known.cut((body % (query, query)).replace("{}", sign).encode()).runs for sign in ("123", "456", "45678", "456")
    )
    assert [first] * 3 == others
