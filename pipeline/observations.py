"""Everything seen for one commit: walks pages into their nested objects and decodes each distinct object once.

In: the items of pages, in order of receipt. Out: rows per table, rejects, drift, and what hydration needs to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw

from pipeline.decode import Decoded, decode, decode_by_field, in_utc, time_in
from pipeline.embedded import is_given, is_uuid, last_of_each
from pipeline.facts import RunFacts, facts_of
from pipeline.nested_drift import unknown
from pipeline.privacy import Policy
from pipeline.quarantine import raw_text
from pipeline.rows import BadField, Row, make_row
from pipeline.sightings import Sightings
from pipeline.signatures import without_signatures
from pipeline.tables import TABLES
from pipeline.values import POSITION_BITS, LandedPage, Reject, Window, observation

TIME_OF = {"logs": "timestamp", "runs": "created_at", "node_runs": "created_at"}
SINGULAR = {"logs": "log", "runs": "run", "node_runs": "node_run", "flows": "flow", "models": "model"}


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
        self._policy = policy
        self._known: dict[str, dict[bytes, Row | None]] = {kind: {} for kind in TABLES}
        self._wanted_runs: set[str] = set()
        self._rejected_runs: set[str] = set()
        self._node_runs_of: dict[str, set[bytes]] = {}
        self._page: LandedPage
        self._window: Window | None = None

    def __len__(self) -> int:
        return len(self.rows["logs"]) + len(self.rows["runs"])

    def add(self, kind: str, items: Sequence[Raw], page: LandedPage, window: Window | None) -> list[datetime | None]:
        """Take in a page's items with everything nested; rows outside the window are dropped whole.

        Returns the rows' times, in order, outside or not.
        """
        self._page, self._window = page, window
        self.fetched_at[observation(self._load_number, page.page, 0) >> POSITION_BITS] = page.fetched_at
        times = []
        for position, item in enumerate(items):
            order = observation(self._load_number, page.page, 2 * position + 1)
            times.append(self._log(bytes(item), order) if kind == "logs" else self._top(kind, bytes(item), order))
        return times

    def again(self, kind: str, json: bytes, order: int, page: LandedPage) -> None:
        """Take in one object that was rejected before, in the place that it had: a later observation stays later."""
        self._page, self._window = page, None
        self.fetched_at[order >> POSITION_BITS] = page.fetched_at
        if kind == "logs":
            self._log(json, order)
        else:
            self._object(kind, json, order, {})

    def runs_missing(self) -> set[str]:
        """Runs that a log names and that did not come with it."""
        return self._wanted_runs - set(self.runs) - self._rejected_runs

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
        if not self._outside(time):
            self._object(kind, without_signatures(json), order, {})
        return time

    def _outside(self, time: datetime | None) -> bool:
        return self._window is not None and time is not None and not self._window.holds(time)

    def _log(self, json: bytes, order: int, run_id: UUID | None = None) -> datetime | None:
        decoded = decode("logs", json)
        log = decoded.wire
        time = time_in(json, "timestamp") if log is None else log.timestamp
        time = in_utc(time)
        if self._outside(time):
            return time
        run = self._run_of(decoded, order)
        if log is None:
            self._reject("logs", decoded, without_signatures(json), order)
            return time
        parent = log.run_id if isinstance(log.run_id, UUID) else run_id or run
        filled = {"run_id": parent} if parent else {}
        row = self._row("logs", decoded, json, order, filled)
        if row is not None:
            self.rows["logs"].append(row)
            if parent:
                self._wanted_runs.add(str(parent))
        return time

    def _run_of(self, decoded: Decoded, order: int) -> UUID | None:
        """Take in the run inside a log; returns its id."""
        raw = decoded.relations.get("run")
        if raw is None or not is_given(raw):
            return None
        json = without_signatures(bytes(raw))
        row = self._object("runs", json, order, {})
        if row is not None:
            return UUID(bytes=row.values[0])
        known = decode_by_field("runs", json).row_id
        try:
            return UUID(known) if known else None
        except ValueError:
            return None

    def _object(self, kind: str, json: bytes, order: int, filled: dict[str, UUID]) -> Row | None:
        """One object below: decoded if its bytes are new, otherwise only seen again."""
        known = self._known[kind]
        if json in known:
            row = known[json]
            if row is not None:
                row.observation = max(row.observation, order)
            return row
        decoded = decode(kind, json)
        row = None if decoded.wire is None else self._row(kind, decoded, json, order, filled)
        known[json] = row
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
            row = make_row(kind, decoded.wire, decoded.extra, order, filled, self._policy)
        except BadField as bad:
            decoded.path, decoded.reason = bad.args
            decoded.row_id = str(decoded.wire.id)
            self._reject(kind, decoded, json, order)
            return None
        self.sightings.unset[kind] &= row.unset
        if types := unknown(kind, decoded.extra, decoded.wire):
            self.sightings.unknown(kind, types, str(decoded.wire.id), self._page.fetched_at)
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
        nodes = self.sightings.items("runs", "node_runs", decoded, self._page.fetched_at)
        found += [self._object("node_runs", bytes(node), inner, filled) for node in last_of_each(nodes or [])]
        for name, kind in (("flow", "flows"), ("model", "models")):
            raw = decoded.relations.get(name)
            if raw is not None and is_given(raw):
                found.append(self._object(kind, bytes(raw), inner, {}))
        before = len(self.rows["logs"])
        for log in self.sightings.items("runs", "logs", decoded, self._page.fetched_at) or []:
            self._log(bytes(log), inner, run_id)
        found += self.rows["logs"][before:]
        if row is not None:
            self._note_run(decoded.wire, nodes)
        elif decoded.row_id and not nodes and is_uuid(decoded.row_id):
            self.runs_of_unknown_nodes.add(decoded.row_id)
        return tuple(child for child in found if child is not None)

    def _note_run(self, run: Any, nodes: list[Raw] | None) -> None:
        facts = facts_of(run, nodes)
        before = self.runs.get(facts.id)
        # A list that came with an older copy of the run may be shorter, or less far, than what the run has by now.
        enough = self.node_run_count(facts.id) >= facts.least_node_runs
        as_far = before is not None and (before.terminal or not facts.terminal)
        if before is not None and before.node_runs_arrived and enough and as_far:
            facts = replace(facts, node_runs_arrived=True)
        self.runs[facts.id] = facts
        self.flow_ids |= {facts.flow_id} if facts.flow_id else set()
        self.model_ids |= {facts.model_id} if facts.model_id else set()

    def _prices(self, decoded: Decoded, row: Row | None, order: int) -> tuple[Row, ...]:
        model_id = None if decoded.wire is None else decoded.wire.id
        rules = self.sightings.items("models", "pricing", decoded, self._page.fetched_at) or []
        filled = {"model_id": model_id} if model_id else {}
        found = [self._object("pricing", bytes(rule), order & ~1, filled) for rule in last_of_each(rules)]
        if row is not None:
            self.models_arrived.add(str(model_id))
            if found and None not in found:
                self.complete_pricing[str(model_id)] = self._page.fetched_at
        return tuple(child for child in found if child is not None)

    def _reject(self, kind: str, decoded: Decoded, json: bytes, order: int) -> None:
        self.sightings.retyped(kind, decoded.retyped, decoded.row_id, self._page.fetched_at)
        if kind == "runs" and decoded.row_id:
            self._rejected_runs.add(decoded.row_id)
        self.rejects.append(
            Reject(
                object=SINGULAR.get(kind, kind),
                row_id=decoded.row_id,
                path=decoded.path,
                reason=decoded.reason,
                raw=raw_text(kind, json, self._policy),
                request=self._page.request.path,
                sha256=self._page.sha256,
                observation=order,
                fetched_at=self._page.fetched_at,
            )
        )
