"""Floors: what it costs to parse the same decompressed bytes, and nothing else.

    python bench/floors.py URL KEY item|page|skim

Runs in an environment of its own, in a process of its own. Pages are read, decompressed and cut into items beforehand,
one page at a time; only parsing, and the release of what was parsed, is counted. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec
import orjson
import zstandard


class Page(msgspec.Struct):
    """A page of a listing, its items left as bytes."""

    items: list[msgspec.Raw]
    next: str | None = None


class Skim(msgspec.Struct):
    """A log whose run is stepped over."""

    id: str
    run_id: str | None
    level_code: str | None
    message: str | None
    timestamp: str
    meta: msgspec.Raw
    run: msgspec.Raw


def pages(url: str, key: str) -> Iterator[tuple[bytes, Page]]:
    """All pages of logs with their runs, decompressed and cut."""
    asked = {"sort_by": "timestamp:asc", "limit": "500", "embed": "run"}
    cursor: str | None = ""
    while cursor is not None:
        query = urlencode(asked | ({"pq": cursor} if cursor else {}))
        headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "zstd, gzip"}
        with urlopen(Request(f"{url}/v1/runs/any/logs?{query}", headers=headers)) as answer:
            body, coding = answer.read(), answer.headers.get("Content-Encoding", "")
        if coding:
            body = zstandard.ZstdDecompressor().decompress(body) if coding == "zstd" else zlib.decompress(body, 31)
        page = msgspec.json.decode(body, type=Page)
        yield body, page
        cursor = page.next


def by_item(_: bytes, items: list[bytes]) -> None:
    for item in items:
        orjson.loads(item)


def by_page(body: bytes, _: list[bytes]) -> None:
    orjson.loads(body)


def skimmed(_: bytes, items: list[bytes]) -> None:
    for item in items:
        msgspec.json.decode(item, type=Skim)


WAYS: dict[str, Callable[[bytes, list[bytes]], None]] = {"item": by_item, "page": by_page, "skim": skimmed}


def main(url: str, key: str, way: str) -> None:
    """Parse everything once and tell what it cost."""
    parse, cpu, size, count = WAYS[way], 0.0, 0, 0
    for body, page in pages(url, key):
        items = [bytes(item) for item in page.items]
        began = time.process_time()
        parse(body, items)
        cpu += time.process_time() - began
        size += sum(map(len, items))
        count += len(items)
    sys.stdout.write(json.dumps({"cpu": cpu, "bytes": size, "logs": count}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
