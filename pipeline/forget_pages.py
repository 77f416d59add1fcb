"""Takes people out of the landed pages: bodies are written anew under their new digests, and the records name those.

In: `raw/`, and who is sought. At whatever moment it is stopped, every record names bodies that are there and whole;
what is left is done by doing it again. Only the holder of the lease may, after `landing.settle_pending`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pipeline import landing, moments
from pipeline.errors import BrokenBody, StorageError
from pipeline.inflate import inflate
from pipeline.scrub import scrubbed_body
from pipeline.sought import Sought
from pipeline.values import LandedPage, RawPage


def learn(raw: Path, sought: Sought) -> None:
    """Learn from all pages what they go by and which runs are theirs. What the last tells may be news of the first."""
    for page in _pages(raw):
        _without(raw, page, sought)


def count(raw: Path, sought: Sought) -> int:
    """How many landed pages hold them."""
    return len({page.sha256 for page in _pages(raw) if _without(raw, page, sought) is not None})


def rewrite(raw: Path, sought: Sought, note: Callable[[dict[str, str]], None]) -> int:
    """Write every page that holds them anew; returns how many.

    note: gets old digest -> new one before any record moves. A page keeps its number and the time of its receipt, so
    that observations stay in their order.
    """
    renamed: dict[str, LandedPage] = {}
    for page in _pages(raw):
        if page.sha256 not in renamed and (body := _without(raw, page, sought)) is not None:
            fresh = RawPage(page.request, page.status, "identity", body, page.fetched_at)
            renamed[page.sha256] = replace(page, encoding="identity", sha256=landing.land(raw, fresh))
    note({old: page.sha256 for old, page in renamed.items()})
    for path, record in landing.named_records(raw):
        pages = tuple(_renamed(page, renamed) for page in record.pages)
        if pages != record.pages:
            landing.replace_record(path, replace(record, pages=pages))
            moments.reached("forget-record")
    return len(renamed)


def unreadable(raw: Path) -> list[Path]:
    """Landed pages that are there and damaged: nobody can say what they hold, and nothing can be rebuilt from them."""
    found = []
    for page in _pages(raw):
        path = landing.body_path(raw, page)
        try:
            landing.read_body(raw, page)
        except StorageError:
            found += [path] if path.exists() else []
    return sorted(set(found))


def _renamed(page: LandedPage, renamed: dict[str, LandedPage]) -> LandedPage:
    fresh = renamed.get(page.sha256)
    return replace(page, encoding=fresh.encoding, sha256=fresh.sha256) if fresh else page


def _pages(raw: Path) -> Iterator[LandedPage]:
    return (page for record in landing.records(raw) for page in record.pages)


def _without(raw: Path, page: LandedPage, sought: Sought) -> bytes | None:
    """The body without them; None where it does not hold them."""
    try:
        received = landing.read_body(raw, page)
    except StorageError:
        # It is missing, or `unreadable` tells of it.
        return None
    try:
        body = inflate(received.body, received.encoding)
    except BrokenBody:
        body = received.body
    left = scrubbed_body(page.request.kind, body, sought)
    return None if left == body else left
