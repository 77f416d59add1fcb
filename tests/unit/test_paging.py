"""Cursors in every form lead through a listing once, on our own host, and never in a circle."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from pipeline.decode import read_head
from pipeline.endpoints import logs
from pipeline.errors import CursorLoop, PageLimit
from pipeline.fetch import Source
from pipeline.paging import cursor, read_pages
from pipeline.settings import Settings

SETTINGS = Settings(api_key="rf_live_secret", api_url="https://api.example", rate=9_000)
TOKEN = "a+b/c==&d?"  # everything that an encoding can spoil
ENCODED = "a%2Bb%2Fc%3D%3D%26d%3F"


def listing(pages, **options):
    """Read pages given as {cursor: body}; the items read and the requests that were made."""
    asked = []

    async def answer(request):
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(pages[request.url.params.get("pq")]).encode()))

    async def read():
        items = []
        async with Source(SETTINGS, transport=httpx.MockTransport(answer)) as source:
            request = logs("timestamp >= 1", "timestamp:asc")
            heads = read_pages(source, request, lambda raw: read_head(raw.body), lambda head: head.next, **options)
            async for head in heads:
                items += [json.loads(bytes(item)) for item in head.items]
        return items

    return asyncio.run(read()), asked


@pytest.mark.parametrize("name", ["next", "next_pq"])
def test_both_wrappers_are_followed_to_their_end(name):
    pages = {None: {"items": [1], name: "A"}, "A": {"items": [2], name: "B"}, "B": {"items": [3], name: None}}
    assert listing(pages)[0] == [1, 2, 3]


@pytest.mark.parametrize(
    "written",
    [
        TOKEN,
        f"  {TOKEN} ",
        f"pq={ENCODED}",
        f"?pq={ENCODED}",
        f"?limit=500&pq={ENCODED}",
        f"pq={ENCODED}&limit=500",
        f"/v1/runs/any/logs?pq={ENCODED}#top",
        f"https://api.example/v1/runs/any/logs?limit=500&pq={ENCODED}",
        f"http://evil.example:8080/elsewhere?pq={ENCODED}&limit=1",
        f"//evil.example/?pq={ENCODED}",
    ],
)
def test_a_cursor_arrives_as_the_server_meant_it_and_at_our_host_only(written):
    items, asked = listing({None: {"items": [1], "next": written}, TOKEN: {"items": [2]}})
    assert items == [1, 2]
    assert {(r.url.scheme, r.url.host, r.url.port, r.url.path) for r in asked} == {
        ("https", "api.example", None, "/v1/runs/any/logs")
    }


def test_every_page_repeats_the_question_and_changes_the_cursor_only():
    _, asked = listing({None: {"items": [], "next": "A"}, "A": {"items": [], "next": "?pq=B&limit=7"}, "B": []})
    first, *others = [r.url.params.multi_items() for r in asked]
    assert others == [[*first, ("pq", "A")], [*first, ("pq", "B")]]


def test_a_plus_that_nobody_encoded_stays_a_plus():
    assert cursor("?pq=a+b") == "a+b"


def test_a_token_is_taken_as_it_is():
    assert cursor("a%2Bb") == "a%2Bb"


@pytest.mark.parametrize("end", [None, "", " ", "pq=", "?pq=", "/v1/runs?limit=5&pq=", "https://api.example/x?pq=#"])
def test_every_end_marker_ends_the_listing(end):
    assert cursor(end) is None
    assert listing({None: {"items": [1], "next": end}})[0] == [1]


def test_a_page_without_any_cursor_and_a_bare_list_end_the_listing():
    assert listing({None: {"items": [1]}})[0] == [1]
    assert listing({None: [1, 2]})[0] == [1, 2]


def test_a_page_without_rows_is_followed():
    assert listing({None: {"items": [], "next": "A"}, "A": {"items": [], "next": "B"}, "B": [5]})[0] == [5]


@pytest.mark.parametrize("back", ["A", "B", "C", "?pq=B"])
def test_a_cursor_that_leads_back_is_a_loop(back):
    steps = {None: "A", "A": "B", "B": "C", "C": back}
    pages = {here: {"items": [], "next": there} for here, there in steps.items()}
    with pytest.raises(CursorLoop, match=r"page 4 .* never ends"):
        listing(pages)


def endless():
    class Endless(dict):
        def __missing__(self, key):
            return {"items": [0], "next": str(int(key or 0) + 1)}

    return Endless()


def test_more_pages_than_the_limit_are_an_error_that_says_what_to_do():
    with pytest.raises(PageLimit, match=r"goes on after 5 pages\. Ask for a shorter range"):
        listing(endless(), page_limit=5)


def test_as_many_pages_as_the_limit_are_none():
    pages = endless()
    pages["4"] = [9]
    assert listing(pages, page_limit=5)[0] == [0, 0, 0, 0, 9]


def test_a_page_is_handed_on_before_the_next_one_is_asked_for():
    seen = []

    async def answer(request):
        seen.append("asked")
        return httpx.Response(200, stream=httpx.ByteStream(b'{"items":[],"next":"%d"}' % len(seen)))

    async def read():
        async with Source(SETTINGS, transport=httpx.MockTransport(answer)) as source:
            async for _ in read_pages(source, logs(None, None), lambda raw: read_head(raw.body), lambda h: h.next):
                seen.append("given")
                if len(seen) == 6:
                    break

    asyncio.run(read())
    assert seen == ["asked", "given"] * 3
