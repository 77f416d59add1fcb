"""Takes pages in for one commit: landed first, then opened, then decoded; live and in replay alike.

One receipt is one commit's worth of pages. `take` is what fetch calls with each response; it raises BrokenBody for a
body that is not the promised JSON, and such a body is asked for again and leaves no row behind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from pipeline import endpoints, landing, moments
from pipeline.day import DayTotals
from pipeline.decode import Head, read_head, read_one
from pipeline.errors import BrokenBody
from pipeline.flatten import flatten, flatten_columns
from pipeline.forgotten import Forgotten
from pipeline.inflate import inflate, unpacked
from pipeline.lines import take_lines
from pipeline.listing import Page
from pipeline.observations import Observations
from pipeline.privacy import Policy
from pipeline.totals import not_given, totals_of
from pipeline.values import Batch, LandedPage, RawPage, Request, Window

SINGLE = {"log": "logs", "run": "runs", "flow": "flows", "model": "models"}


class Receipt:
    """The pages of one commit and what they held.

    window: what listings of logs and runs are cut to; None keeps every row (single objects are never cut).
    asked: ids of flows and models, and models whose prices, were asked for one by one.
    forgotten: who must neither be landed nor stored again.
    """

    def __init__(
        self,
        raw: Path,
        load_number: int,
        privacy: Policy,
        window: Window | None,
        next_page: Callable[[], int],
        *,
        referenced_only: bool,
        forgotten: Forgotten | None = None,
    ) -> None:
        self.raw = raw
        self.load_number = load_number
        self.window = window
        self.next_page = next_page
        self.referenced_only = referenced_only
        self.forgotten = forgotten
        self.seen = Observations(load_number, privacy)
        self.lines: list[pa.Table] = []
        self.pages: list[LandedPage] = []
        self.gone: dict[str, datetime] = {}
        self.complete_pricing: dict[str, datetime] = {}
        self.totals: dict[date, DayTotals] = {}
        self.asked: dict[str, set[str]] = {"flows": set(), "models": set(), "pricing": set()}

    def take(self, page: RawPage) -> Page:
        """Land the response, then take in what it holds."""
        if self.forgotten:
            page = self.forgotten.without(page)
        sha256 = landing.land(self.raw, page)
        moments.reached("landed")
        number = self.next_page()
        landed = LandedPage(number, page.request, page.status, page.encoding, sha256, page.fetched_at)
        return self.take_landed(landed, page)

    def take_landed(self, landed: LandedPage, page: RawPage) -> Page:
        """Take in a response that is landed: the part that replay shares."""
        if page.request.kind == "stats":
            return self._totals(landed, page)
        if page.status == 404:
            self.pages.append(landed)
            if page.request.kind == "run":
                self.gone[page.request.path.rsplit("/", 1)[-1]] = page.fetched_at
            return Page(landed, [], None)
        json = unpacked(page.body, page.encoding)
        kind = page.request.kind
        if kind in SINGLE:
            times = self.seen.add(SINGLE[kind], [read_one(bytes(json))], landed, None)
            self.pages.append(landed)
            return Page(landed, times, None)
        by_columns = kind == "logs" and not self.forgotten
        head, times = self._lines(json, landed) if by_columns else self._rows(bytes(json), landed)
        self.pages.append(landed)
        if kind == "pricing":
            self._note_pricing(page.request, ended=head.next is None)
        return Page(landed, times, head.next)

    def _rows(self, json: bytes, landed: LandedPage) -> tuple[Head, list[datetime | None]]:
        request = landed.request
        head = read_head(json)
        kept = self._kept(request.kind, request, head.items)
        return head, self.seen.add(request.kind, kept, landed, self._cut(request.kind))

    def _lines(self, json: bytes | bytearray, landed: LandedPage) -> tuple[Head, list[datetime | None]]:
        """A page of logs without the runs that repeat; the plain way where it cannot be made."""
        spliced = self.seen.known_runs.cut(json)
        try:
            head = read_head(spliced.json) if spliced else None
        except BrokenBody:
            head = None
        if spliced is None or head is None:
            return self._rows(bytes(json), landed)
        times, columns = take_lines(self.seen, head.items, spliced, landed, self._cut("logs"))
        if columns:
            self.lines.append(flatten_columns("logs", columns))
        return head, times

    def arrived(self) -> dict[str, set[str]]:
        """What no later receipt of the load has to ask for, once this one is committed."""
        seen = self.seen
        found = {"flows": seen.flows_arrived, "models": seen.models_arrived, "pricing": set(seen.complete_pricing)}
        return {kind: ids | self.asked[kind] for kind, ids in found.items()}

    def batch(self, *, logs: Window | None, runs: Window | None) -> Batch:
        """What this receipt commits. logs, runs: the spans that are now fully read."""
        gone = {run: when for run, when in self.gone.items() if run not in self.seen.runs}
        rows = self.seen.settle()
        if self.forgotten:
            self.forgotten.empty(rows)
        return Batch(
            tables=flatten(rows, self.seen.fetched_at, self.lines),
            rejects=tuple(self.seen.rejects),
            drift=tuple(self.seen.sightings.drift),
            complete_pricing={**self.seen.complete_pricing, **self._complete_prices()},
            gone_runs=gone,
            logs_covered=logs,
            runs_covered=runs,
            pages=tuple(self.pages),
            totals=tuple(self.totals[day] for day in sorted(self.totals)),
            carried=self.seen.sightings.carried,
        )

    def _totals(self, landed: LandedPage, page: RawPage) -> Page:
        """Take in the source's totals of one day; an answer without any is taken in with its reason."""
        if page.status != 200:
            told = not_given(page.request, page.status, page.fetched_at)
        else:
            told = totals_of(inflate(page.body, page.encoding), page.request, page.fetched_at)
        self.totals[told.day] = told
        self.pages.append(landed)
        return Page(landed, [], None)

    def _cut(self, kind: str) -> Window | None:
        return self.window if kind in {"logs", "runs"} else None

    def _kept(self, kind: str, request: Request, items: list[msgspec.Raw]) -> list[msgspec.Raw]:
        """Of a listing over all parents only what belongs here.

        Node runs: those of the runs of this receipt. In a backfill, flows, models and prices: those its runs refer to.
        """
        if kind == "node_runs" and "/any/" in request.path:
            return [item for item in items if _key(item, "run_id") in self.seen.runs]
        if self.referenced_only and kind == "flows":
            return [item for item in items if _key(item, "id") in self.seen.flow_ids]
        if self.referenced_only and kind == "models":
            return [item for item in items if _key(item, "id") in self.seen.model_ids]
        return items

    def _complete_prices(self) -> dict[str, datetime]:
        """Models whose rules were all listed and all read: only then is a rule that is missing a rule that vanished."""
        unread = {reject.request for reject in self.seen.rejects if reject.object == "pricing"}
        return {m: at for m, at in self.complete_pricing.items() if endpoints.pricing(m).path not in unread}

    def _note_pricing(self, request: Request, *, ended: bool) -> None:
        """A listing of one model's rules that was read to its end is complete, from its first page on."""
        if not ended:
            return
        model = request.path.split("/")[-2]
        first = next(page for page in self.pages if page.request.path == request.path)
        self.complete_pricing[model] = first.fetched_at


def _key(item: msgspec.Raw, name: str) -> str | None:
    try:
        value = msgspec.json.decode(item, type=dict[str, msgspec.Raw]).get(name)
        return str(msgspec.json.decode(value)).lower() if value is not None else None
    except msgspec.MsgspecError:
        return None
