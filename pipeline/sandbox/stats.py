"""`GET /v1/runs-stats`: runs and spend by day, flow and source. Both bounds are included (API contract 1.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipeline.sandbox.envelope import Refusal
from pipeline.sandbox.flows import flow_name, flow_slug
from pipeline.sandbox.run_objects import cost, source
from pipeline.sandbox.runs import Run
from pipeline.sandbox.seeded import DAY, SECOND, to_time, to_us
from pipeline.sandbox.switches import moment
from pipeline.sandbox.view import View

Json = dict[str, Any]


def totals(view: View, given: dict[str, str]) -> Json:
    """The totals of the runs created from `start` to `end`; days without runs are left out."""
    late = int(view.config.stats_bounds_hours * 3600 * SECOND)
    start, end = _bound(given, "start") + late, _bound(given, "end") + late
    if end < start:
        raise Refusal(422, "end is before start", field="end")
    runs = [run for run in view.world.created_between(start, end) if view.is_counted(run)]
    return {
        "timeline": _timeline(view, runs),
        "by_flow": _by_flow(view, runs),
        "by_source": _by_source(runs),
    }


def _bound(given: dict[str, str], name: str) -> int:
    text = given.get(name)
    if not text:
        raise Refusal(422, f"{name} is required", field=name)
    try:
        return to_us(moment(text))
    except ValueError:
        raise Refusal(422, f"{name} is no ISO-8601 date-time", field=name) from None


def _grouped(runs: list[Run], key: Callable[[Run], Hashable]) -> dict[Any, list[Run]]:
    groups: dict[Any, list[Run]] = defaultdict(list)
    for run in runs:
        groups[key(run)].append(run)
    return groups


def _spend(view: View, runs: list[Run]) -> Decimal:
    config = view.config
    counted = [run for run in runs if config.stats_open_spend or view.now >= run.completed]
    costs = [cost(config, run, view.now) or Decimal(0) for run in counted]
    if config.stats_decimals < 0:
        return sum(costs, Decimal(0))
    scale = Decimal(1).scaleb(-config.stats_decimals)
    if config.stats_rounding == "run":
        costs = [each.quantize(scale, ROUND_HALF_UP) for each in costs]
    return sum(costs, Decimal(0)).quantize(scale, ROUND_HALF_UP)


def _timeline(view: View, runs: list[Run]) -> list[Json]:
    config = view.config
    shift = config.stats_zone_hours * 3600 * SECOND
    days = _grouped(runs, lambda run: (run.created + shift) // DAY)
    return [
        {
            "date": to_time(day * DAY).date().isoformat(),
            "runs": len(held) + config.stats_count_error,
            "spend": _spend(view, held) + Decimal(config.stats_spend_error),
        }
        for day, held in sorted(days.items())
    ]


def _by_flow(view: View, runs: list[Run]) -> list[Json]:
    """The flows with most runs, and no others."""
    flows = _grouped([run for run in runs if run.flow is not None], lambda run: run.flow)
    top = sorted(flows.items(), key=lambda item: (-len(item[1]), item[0]))[: view.config.stats_top]
    return [
        {
            "flow_slug": flow_slug(n),
            "flow_name": flow_name(n),
            "runs": len(held),
            "spend": _spend(view, held),
            "avg_duration_ms": _average(view, held),
        }
        for n, held in top
    ]


def _average(view: View, runs: list[Run]) -> int | None:
    took = [view.run(run)["duration_ms"] for run in runs if view.now >= run.completed]
    return sum(took) // len(took) if took else None


def _by_source(runs: list[Run]) -> list[Json]:
    sources = _grouped(runs, source)
    return [
        {"source_code": name, "runs": len(held), "pct": round(100 * len(held) / len(runs), 2)}
        for name, held in sorted(sources.items())
    ]
