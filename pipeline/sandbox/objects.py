"""Objects as an answer shows them: poisoned, spelled, with their relations, and remembered while nothing changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from pipeline.sandbox.config import Config
from pipeline.sandbox.poison import poison_of, spoil
from pipeline.sandbox.run_objects import moments
from pipeline.sandbox.runs import Run
from pipeline.sandbox.seeded import DAY, chance, to_time, to_us
from pipeline.sandbox.spelling import Signer, Speller
from pipeline.sandbox.view import View
from pipeline.sandbox.world import Row, World

Json = dict[str, Any]
RELATIONS = ("node_runs", "logs", "flow", "model")
LEVELS = {"flows": "flow", "models": "model", "pricing": "pricing"}
MOST_RUNS = 5_000
MOST_WRITTEN = 500
MIXTURE = ("filled", "null", "missing")


class Objects:
    """Everything the API can show, under one set of switches."""

    def __init__(self, config: Config, world: World) -> None:
        self.config = config
        self.world = world
        self.signer = Signer(config)
        self._speller = Speller(config)
        self._epoch: tuple[object, ...] = ()
        self._made: dict[object, Any] = {}
        self._runs: dict[tuple[str, int, bool], Any] = {}
        self._written: dict[tuple[str, int, bool], msgspec.Raw] = {}

    def view(self, now: int, released: int | None) -> View:
        """A look at the world at a moment; flows and models are made anew only when they can have changed."""
        start = self.world.start if self.config.start is None else to_us(self.config.start)
        days = (self.config.changes_after_days, self.config.price_rule_vanishes_after_days)
        epoch = (now // DAY, *(now >= start + int(after * DAY) for after in days))
        self.world.reach(now)
        if epoch != self._epoch:
            self._epoch, self._made, self._written = epoch, {}, {}
        return View(self.config, self.world, now, released, self._made)

    def written(self, value: Any, now: int) -> bytes:
        """One item of a body, signed where items are signed one by one."""
        moment = to_time(now)
        body = self.signer.early(msgspec.json.encode(value), self._first_day())
        return self.signer.item(body, moment)

    def _first_day(self) -> datetime:
        return to_time(self.world.start)

    def spelled(self, value: Any) -> Any:
        """Any clean value as the switches write it."""
        return self._speller.spell(value)

    def row(self, view: View, kind: str, row: Row, embed: frozenset[str]) -> Any:
        """The object of a row. embed: the relations that were asked for."""
        if kind == "logs":
            return self._log(view, row, embed)
        if kind == "runs":
            asked = {relation: self.config.runs_fill if relation in embed else "null" for relation in RELATIONS}
            return self._run(view, row.thing, view.now, asked)
        if kind == "node_runs":
            return self._node_runs(view, row.thing, view.now)[row.n]
        return self._thing(view, kind, row)

    def _log(self, view: View, row: Row, embed: frozenset[str]) -> Any:
        made = self._poisoned("log", view.log(row))
        how = self.config.log_run if "run" in embed else "null"
        return self._related(made, "run", how, row.id, lambda: self._embedded(view, row))

    def _embedded(self, view: View, row: Row) -> Any:
        """The run of a log line. It is written once for all lines that show it in the same state."""
        run: Run = row.thing
        at = row.time if self.config.embedded_run == "snapshot" else view.now
        how = {name: getattr(self.config, f"embed_{name}") for name in RELATIONS}
        if how["logs"] not in {"null", "missing"}:
            return self._run(view, run, at, how)
        key = (run.id, bisect_right(moments(self.config, run), at), view.has_logs(run))
        if key not in self._written:
            if len(self._written) >= MOST_WRITTEN:
                self._written.clear()
            written = msgspec.json.encode(self._run(view, run, at, how))
            self._written[key] = msgspec.Raw(self.signer.early(written, self._first_day()))
        return self._written[key]

    def _run(self, view: View, run: Run, at: int, how: dict[str, str]) -> Any:
        made = self._bare_run(view, run, at)
        fill: dict[str, Callable[[], Any]] = {
            "node_runs": lambda: self._node_runs(view, run, at),
            "logs": lambda: self._logs_of(view, run),
            "flow": lambda: None if run.flow is None else self._encoded(view, "flows", run.flow),
            "model": lambda: self._encoded(view, "models", run.product) if _names_model(self.config, run) else None,
        }
        for relation in RELATIONS:
            made = self._related(made, relation, how[relation], run.id, fill[relation])
        return made

    def _bare_run(self, view: View, run: Run, at: int) -> Any:
        key = (run.id, bisect_right(moments(self.config, run), at), view.has_logs(run))
        if key not in self._runs:
            if len(self._runs) >= MOST_RUNS:
                self._runs.clear()
            self._runs[key] = made = self._poisoned("run", view.run(run, at))
            return made
        return self._runs[key]

    def _node_runs(self, view: View, run: Run, at: int) -> list[Any]:
        return [self._poisoned("node_run", node) for node in view.node_runs(run, at)]

    def _logs_of(self, view: View, run: Run) -> list[Any]:
        rows = self.world.of_run["logs"].get(run.id, [])
        return [self._log(view, row, frozenset()) for row in rows if view.exists("logs", row)]

    def _encoded(self, view: View, kind: str, n: int) -> msgspec.Raw:
        """Flow or model n as it stands in a run."""
        key = ("encoded", kind, n)
        if key not in self._made:
            row = next(row for row in view.dimension(kind) if row.n == n)
            self._made[key] = msgspec.Raw(msgspec.json.encode(self._thing(view, kind, row)))
        raw: msgspec.Raw = self._made[key]
        return raw

    def _thing(self, view: View, kind: str, row: Row) -> Any:
        """A flow, flow node, model or price rule."""
        key = ("spelled", kind, row.id)
        if key not in self._made:
            thing = dict(row.thing)
            if kind == "flows":
                thing = _listed(thing, "nodes", self.config.flow_nodes)
            if kind == "models":
                thing["pricing"] = [self._thing(view, "pricing", rule) for rule in self._rules(view, row.id)]
                thing = _listed(thing, "pricing", self.config.model_pricing)
            self._made[key] = self._poisoned(LEVELS[kind], thing, row.n) if kind in LEVELS else self.spelled(thing)
        return self._made[key]

    def _rules(self, view: View, model: str) -> list[Row]:
        rows = (row for row in view.dimension("pricing") if row.thing["model_id"] == model)
        return sorted(rows, key=lambda row: row.n)

    def _poisoned(self, level: str, clean: Json, n: int = 0) -> Any:
        kind = poison_of(self.config, level, clean["id"], n)
        return self.spelled(spoil(level, kind, clean) if kind else clean)

    def _related(self, made: Any, key: str, how: str, id: str, fill: Callable[[], Any]) -> Any:
        """The object with one relation; a row that is no object stays as it is."""
        if not isinstance(made, dict):
            return made
        if how == "mixed":
            how = MIXTURE[int(chance(id, "relation", key) * len(MIXTURE))]
        if how == "missing":
            return made
        return made | {key: fill() if how == "filled" else [] if how == "empty" else None}


def _names_model(config: Config, run: Run) -> bool:
    return run.target == "model" or config.both_relations


def _listed(thing: Json, key: str, how: str) -> Json:
    """The object with one of its lists filled, null, missing or empty."""
    if how == "missing":
        return {name: held for name, held in thing.items() if name != key}
    return thing if how == "filled" else thing | {key: None if how == "null" else []}
