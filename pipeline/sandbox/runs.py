"""The skeleton of the world: which runs a day has, when each step of a run happens, when its logs are written.

Everything here is a pure function of the world switches; what a run shows at a moment is in `run_objects`.
Rates, waits and durations are invented, around those of the API contract (5.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from pipeline.sandbox.catalog import PRODUCTS
from pipeline.sandbox.config import Config
from pipeline.sandbox.flows import node_count
from pipeline.sandbox.seeded import DAY, SECOND, chance, random_id, stream, timed_id, to_time, to_us

HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 8, 9, 9, 8, 7, 8, 9, 9, 8, 6, 4, 3, 3, 2, 2, 1)
ENDS = (("succeeded", 0.86), ("failed", 0.93), ("canceled", 0.96), ("partial_succeeded", 1.0))


@dataclass(slots=True, eq=False)
class Run:
    """One run: what it targets and when things happen to it, in microseconds since 1970.

    dispatched, started: None for a run that was cancelled in the queue.
    nodes: number of node runs; lines: number of log lines; both when all has happened.
    step: microseconds that its times are multiples of.
    """

    n: int
    id: str
    target: str
    product: int
    flow: int | None
    created: int
    dispatched: int | None
    started: int | None
    completed: int
    end: str
    nodes: int
    lines: int
    spread: int
    step: int

    def chance(self, name: str) -> float:
        """The run's own number in [0, 1) for a switch that concerns a share of runs."""
        return chance(self.id, name)

    def rng(self, name: str) -> Random:
        """The run's own generator for a part of it."""
        return stream(self.id, name)

    def node_times(self, i: int) -> tuple[int, int]:
        """When node i starts and ends: the nodes run one after another."""
        began = self.started or self.completed
        span = self.completed - began
        first, last = began + span * i // self.nodes, began + span * (i + 1) // self.nodes
        return first - first % self.step, last - last % self.step


def runs_of(config: Config, day: int) -> list[Run]:
    """The runs created on a UTC day (days since 1970), in order of creation."""
    if config.ends is not None and day * DAY >= to_us(config.ends):
        return []
    rng = stream(config.seed, "day", day)
    weekend = to_time(day * DAY).weekday() >= 5
    count = round(config.runs_per_day * (0.5 if weekend else 1.1) * rng.uniform(0.9, 1.1))
    if config.edges and config.runs_per_day:
        count = max(count, 2)
    moments = sorted(_moment(rng) for _ in range(count))
    if config.edges and count:
        moments[0], moments[-1] = 0, DAY - 1
    made = [_run(config, day, i, day * DAY + moment) for i, moment in enumerate(moments)]
    return [run for run in made if config.ends is None or run.created < to_us(config.ends)]


def _moment(rng: Random) -> int:
    hour = rng.choices(range(24), weights=HOURS)[0]
    return int((hour * 3600 + rng.random() * 3600) * SECOND)


def _run(config: Config, day: int, i: int, created: int) -> Run:
    rng = stream(config.seed, "run", day, i)
    created = rounded(config, created)
    target = rng.choices(("model", "flow", "comfyui_workflow"), weights=(50, 35, 15))[0]
    if config.both_relations:
        target = "flow"
    flow = rng.randrange(config.flows) if target == "flow" and config.flows else None
    target = "model" if target == "flow" and flow is None else target
    product = rng.randrange(len(PRODUCTS))
    nodes = node_count(config, flow) if flow is not None else 6 if target == "comfyui_workflow" else 0
    long = rng.random() < config.long_runs and not (config.edges and i == 0)
    draw = rng.random()
    end = next(name for name, limit in ENDS if draw < limit)
    waits, lasts = _spans(config, rng, product, long=long)
    queued_out = end == "canceled" and rng.random() < 0.5
    dispatched = None if queued_out else rounded(config, created + waits)
    started = None if dispatched is None else rounded(config, dispatched + rng.randint(200, 4000) * 1000)
    completed = rounded(config, (started or created + waits) + lasts)
    named = random_id if config.run_ids == "random" else lambda *parts: timed_id(created, *parts)
    lines = 0 if rng.random() < config.no_logs else max(1, round(config.logs_per_run * rng.uniform(0.5, 1.5)))
    return Run(
        n=day * 1_000_000 + i,
        id=named(config.seed, "run", day, i),
        target=target,
        product=product,
        flow=flow,
        created=created,
        dispatched=dispatched,
        started=started,
        completed=completed,
        end=end,
        nodes=0 if started is None else nodes,
        lines=min(lines, 3) if started is None else lines,
        spread=rng.randrange(1 << 30),
        step=step_of(config),
    )


def _spans(config: Config, rng: Random, product: int, *, long: bool) -> tuple[int, int]:
    """How long the run waits and how long it runs. One in fifty waits hours for capacity."""
    waits = rng.uniform(0.05, 4.0) if rng.random() > 0.02 else rng.uniform(600, 4 * 3600)
    lasts = float(rng.uniform(*PRODUCTS[product].seconds))
    if long:
        lasts = config.long_run_days * 86_400 * rng.uniform(0.5, 1.5)
    return int(waits * SECOND), int(lasts * SECOND)


def rounded(config: Config, us: int) -> int:
    """A moment as the world keeps it: with so many digits, or on the grid of equal timestamps."""
    return us - us % step_of(config)


def step_of(config: Config) -> int:
    """The microseconds that every time in the world is a multiple of."""
    digits = {"0": SECOND, "3": 1000}.get(config.fraction, 1)
    return max(digits, round(timedelta(seconds=config.equal_timestamps) / timedelta(microseconds=1)))


def line_times(config: Config, run: Run) -> list[int]:
    """When each log line of a run is written: queued, dispatched, started, the work, the end.

    The run on a day's first microsecond writes three lines there; the one on the last writes one there
    and two on the first microsecond of the next day.
    """
    if not run.lines:
        return []
    rng = Random(run.spread)
    span = run.completed - run.created
    moments = [run.created + int(span * (i + rng.random()) / run.lines) for i in range(run.lines)]
    known = [moment for moment in (run.created, run.dispatched, run.started) if moment is not None]
    moments[: len(known)] = known[: run.lines]
    if run.lines > len(known):
        moments[-1] = run.completed
    if config.edges and run.created % DAY == 0:
        moments[:3] = [run.created] * min(3, run.lines)
    elif config.edges and run.created % DAY == DAY - 1:
        moments[1:3] = [run.created + 1] * min(2, run.lines - 1)
    return sorted(rounded(config, moment) for moment in moments)


def line_id(config: Config, run: Run, i: int, at: int) -> str:
    """The id of a run's log line i."""
    if config.log_ids == "v7":
        return timed_id(at, run.id, "log", i)
    return random_id(run.id, "log", i)


def node_run_id(run: Run, i: int) -> str:
    """The id of a run's node run i."""
    return random_id(run.id, "node-run", i)
