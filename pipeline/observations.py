"""Everything seen for one commit: walks pages into their nested objects and decodes each distinct object once.

In: the items of pages, in order of receipt. Out: rows per table, rejects, drift, and what hydration needs to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from msgspec import Raw

from pipeline.decode import Decoded, decode, decode_by_field, in_utc, time_in
from pipeline.embedded import is_given, is_uuid, last_of_each, uuid_of
from pipeline.facts import RunFacts, facts_of, together
from pipeline.nested_drift import unknown
from pipeline.privacy import Policy
from pipeline.quarantine import reject_of
from pipeline.rows import BadField, Row, make_row
from pipeline.sightings import Sightings
from pipeline.signatures import without_signatures
from pipeline.splice import CUT, KnownRun, KnownRuns
from pipeline.tables import TABLES
from pipeline.values import POSITION_BITS, LandedPage, Reject, Window, observation

TIME_OF = {"logs": "timestamp", "runs": "created_at", "node_runs": "created_at"}


class Observations:
    """The rows of one commit. Later observations of an id stay beside earlier ones; the merge folds them."""

    def __init__(self, load_number: int, policy: Policy) -> None:
        self.rows: dict[str, list[Row]] = {kind: [] for kind in TABLES}
        self.rejects: list[Reject] = []
        self.runs: dict[str, RunFacts] = {}
        self.flow_ids: set[str] = set()
        self.model_ids: set[str] = set()
        self.runs_of_unknown_nodes: set[str] = set()
        self.flows_arrived: set[str] = set()
        self.models_arrived: set[str] = set()
        self.complete_pricing: dict[str, datetime] = {}
        self.fetched_at: dict[int, datetime] = {}
        self.sightings = Sightings()
        self._load_number = load_number
        self.policy = policy
        self.known_runs = KnownRuns()
        self.lines = 0
        self._known: dict[str, dict[bytes, Row | None]] = {kind: {} for kind in TABLES}
        self.wanted_runs: set[str] = set()
        self.rejected_runs: set[str] = set()
        self._node_runs_of: dict[str, set[bytes]] = {}
        self.page: LandedPage
        self._window: Window | None = None

    def __len__(self) -> int:
        return self.lines + len(self.rows["logs"]) + len(self.rows["runs"])

    def add(self, kind: str, items: Sequence[Raw], page: LandedPage, window: Window | None) -> list[datetime | None]:
        """Take in a page's items with everything nested; rows outside the window are dropped whole.

        Returns the rows' times, in order, outside or not.
        """
        self.turn_to(page, window)
        times = []
        for position, item in enumerate(items):
            order = self.order_of(position)
            times.append(self.log(bytes(item), order) if kind == "logs" else self._top(kind, bytes(item), order))
        return times

    def turn_to(self, page: LandedPage, window: Window | None) -> None:
        """What is taken in from here on is of this page."""
        self.page, self._window = page, window
        self.fetched_at[self.order_of(0) >> POSITION_BITS] = page.fetched_at

    def order_of(self, position: int) -> int:
        """The observation of an item of the page; what is nested in it has the even number before it."""
        return observation(self._load_number, self.page.page, 2 * position + 1)

    def again(self, kind: str, json: bytes, order: int, page: LandedPage) -> None:
        """Take in one object that was rejected before, in the place that it had: a later observation stays later."""
        self.page, self._window = page, None
        self.fetched_at[order >> POSITION_BITS] = page.fetched_at
        if kind == "logs":
            self.log(json, order)
        else:
            self._object(kind, json, order, {})

    def runs_missing(self) -> set[str]:
        """Runs that a log names and that did not come with it."""
        return self.wanted_runs - set(self.runs) - self.rejected_runs

    def node_run_count(self, run_id: str) -> int:
        """How many node runs of the run have come."""
        return len(self._node_runs_of.get(run_id, ()))

    def settle(self) -> dict[str, list[Row]]:
        """The rows, each nested one as new as the newest page that showed it."""
        for kind in ("runs", "models"):
            for row in self.rows[kind]:
                for child in row.children:
                    child.observation = max(child.observation, row.observation & ~1)
        return self.rows

    def _top(self, kind: str, json: bytes, order: int) -> datetime | None:
        time = time_in(json, TIME_OF[kind]) if kind in TIME_OF else None
        if not self.outside(time):
            self._object(kind, without_signatures(json), order, {})
        return time

    def outside(self, time: datetime | None) -> bool:
        """Whether a row of this time is not part of the window."""
        return self._window is not None and time is not None and not self._window.holds(time)

    def log(
        self, json: bytes, order: int, run_id: UUID | None = None, known: KnownRun | None = None
    ) -> datetime | None:
        """Take in one log line with its run; returns its time.

        run_id: of the run that holds the line. known: the run that was cut out of it.
        """
        decoded = decode("logs", json)
        log = decoded.wire
        time = in_utc(time_in(json, "timestamp") if log is None else log.timestamp)
        if self.outside(time):
            return time
        run = self.known_run(known, order) if known else self._run_of(decoded, order)
        json = json.replace(CUT, known.raw) if known else json
        if log is None:
            self._reject("logs", decoded, without_signatures(json), order)
            return time
        parent = log.run_id if isinstance(log.run_id, UUID) else run_id or run
        row = self._row("logs", decoded, json, order, {"run_id": parent} if parent else {})
        if row is not None:
            self.rows["logs"].append(row)
            if parent:
                self.wanted_runs.add(str(parent))
        return time

    def known_run(self, run: KnownRun, order: int) -> UUID | None:
        """Take in a run that was cut out of a line; returns its id."""
        if run.taken is None:
            run.taken = self._run(without_signatures(run.raw), order)
        row, run_id = run.taken
        if row is not None:
            row.observation = max(row.observation, order)
        return run_id

    def _run_of(self, decoded: Decoded, order: int) -> UUID | None:
        """Take in the run inside a log; returns its id."""
        raw = decoded.relations.get("run")
        return self._run(without_signatures(bytes(raw)), order)[1] if raw is not None and is_given(raw) else None

    def _run(self, json: bytes, order: int) -> tuple[Row | None, UUID | None]:
        row = self._object("runs", json, order, {})
        if row is not None:
            return row, UUID(bytes=row.values[0])
        known = decode_by_field("runs", json).row_id
        return None, uuid_of(known)

    def _object(self, kind: str, json: bytes, order: int, filled: dict[str, UUID]) -> Row | None:
        """One object below: decoded if its bytes are new, otherwise only seen again."""
        known = self._known[kind]
        # Not the text itself: that of every run of a window would be held until it is committed.
        digest = sha256(json).digest()
        if digest in known:
            row = known[digest]
            if row is not None:
                row.observation = max(row.observation, order)
            return row
        decoded = decode(kind, json)
        row = None if decoded.wire is None else self._row(kind, decoded, json, order, filled)
        known[digest] = row
        if decoded.wire is None:
            self._reject(kind, decoded, json, order)
        children = self._children(kind, decoded, row, order)
        if row is None:
            return None
        row.children = children
        self.rows[kind].append(row)
        if kind == "node_runs" and row.values[1]:
            self._node_runs_of.setdefault(str(UUID(bytes=row.values[1])), set()).add(row.values[0])
        return row

    def _row(self, kind: str, decoded: Decoded, json: bytes, order: int, filled: dict[str, UUID]) -> Row | None:
        try:
            row = make_row(kind, decoded.wire, decoded.extra, order, filled, self.policy)
        except BadField as bad:
            decoded.path, decoded.reason = bad.args
            decoded.row_id = str(decoded.wire.id)
            self._reject(kind, decoded, json, order)
            return None
        self.sightings.unset[kind] &= row.unset
        if types := unknown(kind, decoded.extra, decoded.wire):
            self.sightings.unknown(kind, types, str(decoded.wire.id), self.page.fetched_at)
        return row

    def _children(self, kind: str, decoded: Decoded, row: Row | None, order: int) -> tuple[Row, ...]:
        if kind == "runs":
            return self._run_children(decoded, row, order)
        if kind == "models":
            return self._prices(decoded, row, order)
        if kind == "flows" and row is not None:
            self.flows_arrived.add(str(decoded.wire.id))
        return ()

    def _run_children(self, decoded: Decoded, row: Row | None, order: int) -> tuple[Row, ...]:
        run_id = None if decoded.wire is None else decoded.wire.id
        filled = {"run_id": run_id} if run_id else {}
        inner = order & ~1
        found: list[Row | None] = []
        nodes = self.sightings.items("runs", "node_runs", decoded, self.page.fetched_at)
        found += [self._object("node_runs", bytes(node), inner, filled) for node in last_of_each(nodes or [])]
        given = ((kind, decoded.relations.get(name)) for name, kind in (("flow", "flows"), ("model", "models")))
        found += [self._object(kind, bytes(raw), inner, {}) for kind, raw in given if raw is not None and is_given(raw)]
        before = len(self.rows["logs"])
        for log in self.sightings.items("runs", "logs", decoded, self.page.fetched_at) or []:
            self.log(bytes(log), inner, run_id)
        found += self.rows["logs"][before:]
        if row is not None:
            self._note_run(decoded.wire, nodes)
        elif decoded.row_id and not nodes and is_uuid(decoded.row_id):
            self.runs_of_unknown_nodes.add(decoded.row_id)
        return tuple(child for child in found if child is not None)

    def _note_run(self, run: Any, nodes: list[Raw] | None) -> None:
        facts = facts_of(run, nodes)
        facts = together(self.runs.get(facts.id), facts, self.node_run_count(facts.id))
        self.runs[facts.id] = facts
        self.flow_ids |= {facts.flow_id} if facts.flow_id else set()
        self.model_ids |= {facts.model_id} if facts.model_id else set()

    def _prices(self, decoded: Decoded, row: Row | None, order: int) -> tuple[Row, ...]:
        model_id = None if decoded.wire is None else decoded.wire.id
        rules = self.sightings.items("models", "pricing", decoded, self.page.fetched_at) or []
        filled = {"model_id": model_id} if model_id else {}
        found = [self._object("pricing", bytes(rule), order & ~1, filled) for rule in last_of_each(rules)]
        if row is not None:
            self.models_arrived.add(str(model_id))
            if found and None not in found:
                self.complete_pricing[str(model_id)] = self.page.fetched_at
        return tuple(child for child in found if child is not None)

    def _reject(self, kind: str, decoded: Decoded, json: bytes, order: int) -> None:
        self.sightings.retyped(kind, decoded.retyped, decoded.row_id, self.page.fetched_at)
        if kind == "runs" and decoded.row_id:
            self.rejected_runs.add(decoded.row_id)
        self.rejects.append(reject_of(kind, decoded, json, order, self.page, self.policy))
