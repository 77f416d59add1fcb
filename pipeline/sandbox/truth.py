"""What a perfect client holds at the clock, straight from the world: clean values, no HTTP, no fault, no poison."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.sandbox.catalog import MARK
from pipeline.sandbox.config import Config
from pipeline.sandbox.seeded import to_us
from pipeline.sandbox.view import View
from pipeline.sandbox.world import World

Json = dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """Every object by its id, without relations; URLs have no signature, decimals are Decimal, times are UTC.

    What lists leave out (`drop_runs`, `drop_logs`) and hold back (`insert_while_paging`) is here; what has not arrived
    or is gone is not. run_counts and spend are by UTC day of creation; days without runs are not there.
    """

    logs: dict[str, Json]
    runs: dict[str, Json]
    node_runs: dict[str, Json]
    flows: dict[str, Json]
    models: dict[str, Json]
    pricing: dict[str, Json]
    run_counts: dict[date, int]
    spend: dict[date, Decimal]


def truth(config: Config) -> Truth:
    """The truth at the config's clock. Of a served sandbox, ask with its own `config`: there the start is settled."""
    config = config.pinned()
    now, world = to_us(config.clock()), World(config)
    world.reach(now)
    view = View(config, world, now)
    runs = [row.thing for row in world.rows["runs"] if view.exists("runs", row)]
    made = {run.id: view.run(run) for run in runs}
    counts: dict[date, int] = defaultdict(int)
    spend: dict[date, Decimal] = defaultdict(Decimal)
    for run in made.values():
        day = run["created_at"].date()
        counts[day] += 1
        spend[day] += run["cost"] or Decimal(0)
    return Truth(
        logs=_unsigned({row.id: view.log(row) for row in world.rows["logs"] if view.exists("logs", row)}),
        runs=_unsigned(made),
        node_runs=_unsigned({node["id"]: node for run in runs for node in view.node_runs(run)}),
        **{kind: _unsigned(_dimension(view, kind)) for kind in ("flows", "models", "pricing")},
        run_counts=dict(counts),
        spend=dict(spend),
    )


def _dimension(view: View, kind: str) -> dict[str, Json]:
    return {row.id: row.thing for row in view.dimension(kind) if view.exists(kind, row)}


def _unsigned(value: Any) -> Any:
    """The value without the places where signatures go."""
    if isinstance(value, dict):
        return {key: _unsigned(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_unsigned(held) for held in value]
    return value.replace(MARK, "") if isinstance(value, str) else value
