"""What becomes of each way to write a filter: honoured, ignored, rejected, or answered with other rows.

In: a listing without a filter. Out: a word for each grammar. The proof is the one that a load asks for: `probe`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from pipeline.decode import read_head, row_times
from pipeline.endpoints import Grammar
from pipeline.errors import RequestRefused
from pipeline.fetch import Source
from pipeline.inflate import inflate
from pipeline.probe import Rows, probe
from pipeline.values import RawPage, Request

HONOURED = "honoured"
TIME = re.compile(r"\d{4}-[\d:.T-]+Z")
R = TypeVar("R")


class Overheard:
    """A source that remembers what each request got: the status of a refusal, or what was made of the page."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.heard: list[tuple[Request, Any]] = []

    async def get(self, request: Request, receive: Callable[[RawPage], R]) -> R:
        try:
            got = await self.source.get(request, receive)
        except RequestRefused as refusal:
            self.heard.append((request, refusal.status))
            raise
        self.heard.append((request, got))
        return got


async def tried(source: Source, sample: Request, field: str) -> dict[str, str]:
    """Each grammar and what became of it; empty when the sample has too few different times to tell."""
    overheard = Overheard(source)

    def rows_of(page: RawPage) -> Rows:
        items = read_head(inflate(page.body, page.encoding)).items
        return [(row, time) for row, time in row_times(items, field) if row and time]

    works = await probe(overheard, sample, field, rows_of)
    (_, whole), *asked = overheard.heard
    told = {grammar.value: _told(rows, whole) for grammar, (_, rows) in zip(Grammar, asked, strict=False)}
    if works is None:
        return told
    # The first that works is enough for a load, and `probe` stops there; the others are held against it.
    told[works.value] = HONOURED
    proved, proof = asked[-1]
    low, high = (datetime.fromisoformat(text) for text in TIME.findall(dict(proved.params)["q"]))
    for grammar in [each for each in Grammar if each.value not in told]:
        request = replace(sample, params=(("q", grammar.between(field, low, high)), *sample.params))
        try:
            rows: Any = await source.get(request, rows_of)
        except RequestRefused as refusal:
            rows = refusal.status
        told[grammar.value] = HONOURED if rows == proof else _told(rows, whole)
    return told


def _told(rows: Any, whole: Rows) -> str:
    """What came of a filter that did not prove itself. rows: of the answer, or the status of a refusal."""
    if isinstance(rows, int):
        return f"rejected ({rows})"
    return "ignored" if rows == whole else "answered with other rows"
