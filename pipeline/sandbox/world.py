"""The rows of the world, built day by day as the clock reaches them: pure functions of the world switches."""

from __future__ import annotations

from bisect import bisect_left
from threading import RLock
from typing import Any, NamedTuple

from pipeline.sandbox.config import Config
from pipeline.sandbox.run_objects import ran
from pipeline.sandbox.runs import Run, line_id, line_times, node_run_id, runs_of
from pipeline.sandbox.seeded import DAY, chance, to_us

HELD = 0.1


class Row(NamedTuple):
    """A row of a list: its time in microseconds, its id, and what it is.

    thing: the Run it belongs to, or for flows, nodes, models and price rules the object itself.
    n: its number within that run.
    """

    time: int
    id: str
    thing: Any
    n: int


class World:
    """All runs, node runs and logs up to the last day that was asked for, in order of time and id."""

    def __init__(self, config: Config) -> None:
        self.config = config.pinned()
        self.start = to_us(self.config.start) // DAY * DAY if self.config.start else 0
        self.until = self.start
        self.rows: dict[str, list[Row]] = {"runs": [], "node_runs": [], "logs": []}
        self.by_id: dict[str, dict[str, Row]] = {"runs": {}, "node_runs": {}, "logs": {}}
        self.of_run: dict[str, dict[str, list[Row]]] = {"node_runs": {}, "logs": {}}
        self.held: dict[str, int] = {}
        self._lock = RLock()

    def reach(self, now: int) -> None:
        """Builds the days up to and including the one of `now`."""
        if now < self.until:
            return
        with self._lock:
            end = max(self.until, (now // DAY + 1) * DAY)
            days = range(self.until // DAY, end // DAY)
            self._add([run for day in days for run in runs_of(self.config, day)])
            self.until = end

    def _add(self, runs: list[Run]) -> None:
        rows = {"runs": [Row(run.created, run.id, run, 0) for run in runs], "node_runs": [], "logs": []}
        for run in runs:
            own = {
                "node_runs": [Row(run.node_times(i)[0], node_run_id(run, i), run, i) for i in range(ran(run))],
                "logs": [
                    Row(at, line_id(self.config, run, i, at), run, i)
                    for i, at in enumerate(line_times(self.config, run))
                ],
            }
            for kind, held in own.items():
                self.of_run[kind][run.id] = sorted(held)
                rows[kind] += held
        for kind, more in rows.items():
            self.rows[kind] = sorted([*self.rows[kind], *more])
            self.by_id[kind].update((row.id, row) for row in more)
        self._hold(rows)

    def _hold(self, rows: dict[str, list[Row]]) -> None:
        """Chooses the rows that `insert_while_paging` holds back, and the order of their appearance."""
        draws = sorted((chance(row.id, "held"), row.id) for kind in ("runs", "logs") for row in rows[kind])
        for draw, row_id in draws:
            if draw >= HELD:
                break
            self.held[row_id] = len(self.held)

    def run(self, id: str) -> Run | None:
        """The run with this id, whether it shows yet or not."""
        row = self.by_id["runs"].get(id)
        run: Run | None = row.thing if row else None
        return run

    def created_between(self, start: int, end: int) -> list[Run]:
        """The runs created in [start, end], both included."""
        rows = self.rows["runs"]
        low = bisect_left(rows, start, key=lambda row: row.time)
        high = bisect_left(rows, end + 1, key=lambda row: row.time)
        return [row.thing for row in rows[low:high]]
