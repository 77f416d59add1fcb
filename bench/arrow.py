"""Pages in memory to Arrow tables, without network and warehouse: GB of JSON a second.

    python -m bench.arrow URL memory|landed|wire

memory: bodies are JSON and are not landed. landed: the same, with landing, which has to compress them. wire: bodies as
the server codes them, with landing, and inflated on the way. Only `take` and `batch` are counted. Prints one line.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from bench.dataset import KEY, START, UNTIL
from pipeline import endpoints, landing, privacy
from pipeline.inflate import inflate
from pipeline.receipt import Receipt
from pipeline.values import RawPage, Request, Window

PAGES_IN_A_COMMIT = 40
SPAN = Window(START, UNTIL)


def pages(url: str, *, plain: bool) -> Iterator[tuple[RawPage, int]]:
    """The pages of all logs, each with the size of its JSON. plain: handed over as JSON."""
    cursor: str | None = ""
    while cursor is not None:
        listing = endpoints.logs(None, "timestamp:asc")
        params = (*listing.params, *((("pq", cursor),) if cursor else ()))
        request = Request(listing.kind, listing.path, params)
        headers = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": "zstd, br, gzip"}
        with urlopen(HttpRequest(f"{url}{request.path}?{urlencode(params)}", headers=headers)) as answer:
            body, coding = answer.read(), answer.headers.get("Content-Encoding") or ""
        whole = bytes(inflate(body, coding))
        # The cursors stand at the end, and the last page says null.
        cursor = json.loads("{" + whole[whole.rindex(b'"first":') :].decode())["next"]
        page = RawPage(request, 200, "" if plain else coding, whole if plain else body, datetime.now(UTC))
        yield page, len(whole)


def _not_landed(raw: Path, page: RawPage) -> str:
    del raw, page
    return "0" * 64


def main(url: str, way: str) -> None:
    """Take in everything once and tell what it cost."""
    if way == "memory":
        landing.land = _not_landed
    cpu, size, logs = 0.0, 0, 0
    numbers = itertools.count(1)
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent / ".data") as folder:
        coming = pages(url, plain=way != "wire")
        while several := list(itertools.islice(coming, 1)):
            receipt = Receipt(
                Path(folder), 1, privacy.parse("drop"), SPAN, lambda: next(numbers), referenced_only=False
            )
            for page, length in itertools.chain(several, itertools.islice(coming, PAGES_IN_A_COMMIT - 1)):
                began = time.process_time()
                receipt.take(page)
                cpu += time.process_time() - began
                size += length
            began = time.process_time()
            made = receipt.batch(logs=SPAN, runs=SPAN)
            cpu += time.process_time() - began
            logs += made.tables["logs"].num_rows
    sys.stdout.write(json.dumps({"cpu": cpu, "bytes": size, "logs": logs}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
