"""The plan `split`: logs are listed alone, and runs once, with what /v1/runs embeds. Source: ADR 21.

What the API does not embed there comes as under the other plan, from its own endpoints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from pipeline import endpoints
from pipeline.decode import read_head
from pipeline.errors import BrokenBody, RequestRefused
from pipeline.facts import RunFacts
from pipeline.fetch import Source
from pipeline.inflate import inflate
from pipeline.values import RawPage, Request, Window

PLAN = "split"
# Their own lists hold each once; in a run they would come again with every run.
LISTS = {"flow": endpoints.flows, "model": endpoints.models}
SAMPLE = 20


class _Named(msgspec.Struct):
    run_id: Any = None


_NAMED = msgspec.json.Decoder(_Named)


async def relations(source: Source, kind: str) -> tuple[str, ...]:
    """What to ask a listing to embed, as far as the API honours it. Costs a few requests for one row each."""
    if kind == "logs":
        # A line that names no run can only be read together with it.
        return () if await _names_its_run(source) else ("run",)
    if kind != "runs":
        return ()
    unread = [name for name, request in LISTS.items() if not await _answers(source, request())]
    for asked in (("node_runs", *unread), ("node_runs",)):
        if await _answers(source, endpoints.runs(None, None, 1, asked)):
            return asked
    return ()


async def _names_its_run(source: Source) -> bool:
    items = await source.get(endpoints.logs(None, None, SAMPLE, embed=False), _items)
    return not items or any(map(_run_of, items))


def _run_of(item: msgspec.Raw) -> Any:
    try:
        return _NAMED.decode(item).run_id
    except msgspec.MsgspecError:
        return None


async def _answers(source: Source, request: Request) -> bool:
    """Whether the listing gives a page."""
    params = tuple((name, "1" if name == "limit" else value) for name, value in request.params)
    try:
        await source.get(replace(request, params=params), _items)
    except (RequestRefused, BrokenBody):
        return False
    return True


def _items(page: RawPage) -> list[msgspec.Raw]:
    return read_head(inflate(page.body, page.encoding)).items


class Crossing:
    """Runs that outlive the window that brought them: the logs of later windows name them.

    What an earlier window of the plan brings need not be asked for again. Where that window fails, the spans it
    leaves unread are read again, its runs with them.
    """

    def __init__(self) -> None:
        self._places: dict[Window, int] = {}
        self._fetched: dict[int, Window] = {}
        self._listed: dict[int, asyncio.Event] = {}
        self._runs: dict[str, tuple[int, datetime | None, datetime | None]] = {}

    def plan(self, windows: Sequence[Window]) -> None:
        """The order in which the windows are committed."""
        self._places = {window: place for place, window in enumerate(windows)}

    def begin(self, window: Window) -> None:
        """The window is being fetched from now on."""
        place = self._places[window]
        self._fetched[place], self._listed[place] = window, asyncio.Event()

    def listed(self, window: Window) -> None:
        """Nobody need wait for the window's runs any more."""
        if (place := self._places.get(window)) in self._listed:
            self._listed[place].set()

    def end(self, window: Window) -> None:
        """The window is fetched, or has failed. What no log of those in hand or to come can name is dropped."""
        self.listed(window)
        place = self._places[window]
        self._fetched.pop(place, None)
        self._listed.pop(place, None)
        start = min((each.start for each in self._fetched.values()), default=window.start)
        end = max((each.end for each in self._fetched.values()), default=window.end)
        self._runs = {
            run: (at, created, ended)
            for run, (at, created, ended) in self._runs.items()
            if (created is None or created < end) and (ended is None or ended >= start)
        }

    def note(self, window: Window, runs: Iterable[RunFacts]) -> None:
        """A window has brought these."""
        place = self._places.get(window)
        if place is None:
            return
        for run in runs:
            if run.completed_at is None or run.completed_at >= window.end:
                first = self._runs[run.id][0] if run.id in self._runs else place
                self._runs[run.id] = (min(first, place), run.created_at, run.completed_at)

    async def to_ask(self, window: Window, ids: set[str]) -> set[str]:
        """Those of the ids that no window before this one brings: this one asks for them, and later ones need not."""
        place = self._places.get(window)
        if place is None or not ids:
            return ids
        # Windows begin in their order, so that whoever waits here waits for one that does not wait for it.
        for earlier in [listed for at, listed in self._listed.items() if at < place]:
            await earlier.wait()
        left = {each for each in ids if each not in self._runs or self._runs[each][0] >= place}
        self._runs |= dict.fromkeys(left - self._runs.keys(), (place, None, None))
        return left

    def failed(self, window: Window) -> None:
        """What this window has brought is not stored."""
        place = self._places.get(window)
        self._runs = {run: known for run, known in self._runs.items() if known[0] != place}
