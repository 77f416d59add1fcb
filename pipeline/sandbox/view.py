"""What shows at one moment: the world seen by the clock, with its objects complete and correctly spelled as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.sandbox.catalog import PRODUCTS
from pipeline.sandbox.changes import changed
from pipeline.sandbox.config import Config
from pipeline.sandbox.flows import flow_id, flow_object
from pipeline.sandbox.lines import log_object
from pipeline.sandbox.models import model_object, pricing_objects
from pipeline.sandbox.run_objects import gone, node_run_objects, run_object
from pipeline.sandbox.runs import Run
from pipeline.sandbox.seeded import DAY, SECOND, chance, to_us
from pipeline.sandbox.world import Row, World

Json = dict[str, Any]


@dataclass(frozen=True)
class View:
    """One request's look at the world.

    now: microseconds since 1970. released: how many rows held back have appeared; None is all of them.
    """

    config: Config
    world: World
    now: int
    released: int | None = None
    _made: dict[object, Any] = field(default_factory=dict, repr=False)

    def arrival(self, kind: str, row: Row) -> int:
        """When a row becomes visible: logs can be late."""
        late = self.config.late_logs
        if kind == "logs" and late and chance(row.id, "late") < late:
            return row.time + int(self.config.late_by * SECOND)
        return row.time

    def exists(self, kind: str, row: Row) -> bool:
        """Whether the API knows the row by now, so that it answers when asked by id."""
        if self.arrival(kind, row) > self.now or not self._released(row.id):
            return False
        if not isinstance(row.thing, Run):
            return True
        if gone(self.config, row.thing, self.now) or row.thing.target in self.config.unreadable_targets:
            return False
        return kind == "runs" or self._released(row.thing.id)

    def is_counted(self, run: Run) -> bool:
        """Whether the totals count the run: they may count what is gone, and what the key may not read."""
        row = self.world.by_id["runs"][run.id]
        if self.config.stats_gone and gone(self.config, run, self.now):
            return row.time <= self.now
        return row.time <= self.now and not gone(self.config, run, self.now) and self._released(row.id)

    def _released(self, id: str) -> bool:
        if self.released is None or not self.config.insert_while_paging:
            return True
        rank = self.world.held.get(id)
        return rank is None or rank < self.released

    def listed(self, kind: str, row: Row, *, any_run: bool) -> bool:
        """Whether a list shows the row: some are dropped, though they exist."""
        return self.exists(kind, row) and not self.dropped(kind, row, any_run=any_run)

    def dropped(self, kind: str, row: Row, *, any_run: bool = True) -> bool:
        """Whether a list loses the row. The logs of a lost run are lost with it; one log only in the list of all."""
        if not isinstance(row.thing, Run):
            return False
        if kind == "logs" and self.config.expired_logs and row.thing.chance("expired") < self.config.expired_logs:
            return True
        if not any_run:
            return False
        if self.config.drop_runs and row.thing.chance("dropped") < self.config.drop_runs:
            return True
        return kind == "logs" and bool(self.config.drop_logs) and chance(row.id, "dropped") < self.config.drop_logs

    def has_logs(self, run: Run) -> bool:
        """Whether any line of the run is visible."""
        return any(self.exists("logs", row) for row in self.world.of_run["logs"].get(run.id, ()))

    def log(self, row: Row) -> Json:
        """A log line without its run."""
        return changed(self.config, "log", log_object(row.thing, row.n, row.id, row.time))

    def run(self, run: Run, at: int | None = None) -> Json:
        """A run without its relations, now or at an earlier moment."""
        moment = self.now if at is None else at
        return changed(self.config, "run", run_object(self.config, run, moment, has_logs=self.has_logs(run)))

    def node_runs(self, run: Run, at: int | None = None) -> list[Json]:
        """The node runs of a run, now or at an earlier moment."""
        moment = self.now if at is None else at
        return [changed(self.config, "node_run", node) for node in node_run_objects(self.config, run, moment)]

    def flow(self, n: int) -> Json:
        """A flow. Its counter is that of the last UTC midnight."""
        return changed(self.config, "flow", flow_object(self.config, n, self.now, self._run_count(n)))

    def model(self, n: int) -> Json:
        """A model with its price rules."""
        return changed(self.config, "model", model_object(self.config, n, self.now))

    def pricing(self, n: int) -> list[Json]:
        """The price rules of a model."""
        return [changed(self.config, "pricing", rule) for rule in pricing_objects(self.config, n, self.now)]

    def dimension(self, kind: str) -> list[Row]:
        """All flows, flow nodes, models or price rules, as rows in order of creation."""
        if kind not in self._made:
            objects = self._objects(kind)
            self._made[kind] = sorted(
                Row(to_us(made["created_at"]), made["id"], made, n) for n, made in enumerate(objects)
            )
        rows: list[Row] = self._made[kind]
        return rows

    def _objects(self, kind: str) -> list[Json]:
        if kind == "flows":
            return [self.flow(n) for n in range(self.config.flows)]
        if kind == "flow_nodes":
            return [node for n in range(self.config.flows) for node in self.flow(n)["nodes"]]
        if kind == "models":
            return [self.model(n) for n in range(len(PRODUCTS))]
        return [rule for n in range(len(PRODUCTS)) for rule in self.pricing(n)]

    def _run_count(self, n: int) -> int:
        if "counts" not in self._made:
            counts: dict[int | None, int] = {}
            for run in self.world.created_between(0, self.now // DAY * DAY - 1):
                counts[run.flow] = counts.get(run.flow, 0) + 1
            self._made["counts"] = counts
        count: int = self._made["counts"].get(n, 0)
        return count

    def flow_of(self, id: str) -> int | None:
        """The number of the flow with this id."""
        return next((n for n in range(self.config.flows) if flow_id(self.config, n) == id), None)
