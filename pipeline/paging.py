"""Follows a listing's cursors: a request in, its pages out, in order, until the server names no next one.

Of a cursor only its `pq` is used, on the same request to the same host: a URL in a cursor is never followed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import TypeVar
from urllib.parse import unquote

from pipeline.errors import CursorLoop, PageLimit
from pipeline.fetch import Source
from pipeline.values import RawPage, Request

P = TypeVar("P")

_IN_A_QUERY = re.compile(r"(?:^|[?&])pq=([^&#]*)")


def cursor(next_value: str | None) -> str | None:
    """The value to send as `pq`, from a token, a query string or a URL; None at the end of the listing."""
    text = (next_value or "").strip()
    found = _IN_A_QUERY.search(text)
    # Not unquote_plus: a server that forgets to encode means + by it, and no token holds a space.
    return (unquote(found[1]) if found else text) or None


async def read_pages(
    source: Source,
    request: Request,
    receive: Callable[[RawPage], P],
    next_of: Callable[[P], str | None],
    *,
    page_limit: int = 100_000,
) -> AsyncIterator[P]:
    """Yield every page; a page without rows is followed as well if it names a next one."""
    given: set[str] = set()
    for number in range(1, page_limit + 1):
        page = await source.get(request, receive)
        yield page
        token = cursor(next_of(page))
        if token is None:
            return
        if token in given:
            raise CursorLoop(
                f"{request.path}: page {number} names a next page that was named before, so the listing never ends. "
                "It has to be read again from its start; if this happens every time, ask for a shorter range."
            )
        given.add(token)
        request = request.at(token)
    raise PageLimit(
        f"{request.path}: the listing goes on after {page_limit:,} pages. Ask for a shorter range; if one hour is "
        "already too long, the server ignores the filter."
    )
