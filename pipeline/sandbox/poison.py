"""Rows that no schema takes, at each level: which rows, and what is wrong with them. All invented."""

from __future__ import annotations

from typing import Any

from pipeline.sandbox.config import Config
from pipeline.sandbox.seeded import number

Json = dict[str, Any]
NAIVE, OVER_SCALE = "2026-11-20T10:00:00.000000", "0.1234567890123456789"
NO_DECIMAL, NO_ID = "12,50", "not-a-uuid"

SPOILED: dict[str, dict[str, tuple[str, Any]]] = {
    "log": {
        "bad-uuid": ("id", NO_ID),
        "no-id": ("id", None),
        "naive-timestamp": ("timestamp", NAIVE),
        "wrong-type": ("message", {"text": "an object where a string belongs"}),
    },
    "run": {
        "bad-uuid": ("id", NO_ID),
        "no-id": ("id", None),
        "bad-cost": ("cost", NO_DECIMAL),
        "over-scale": ("cost", OVER_SCALE),
        "naive-timestamp": ("created_at", NAIVE),
        "wrong-type": ("duration_ms", "fast"),
    },
    "node_run": {
        "bad-uuid": ("id", NO_ID),
        "no-id": ("id", None),
        "bad-cost": ("cost", NO_DECIMAL),
        "over-scale": ("cost", OVER_SCALE),
        "naive-timestamp": ("created_at", NAIVE),
        "wrong-type": ("retry_count", "twice"),
    },
    "flow": {
        "bad-uuid": ("id", NO_ID),
        "no-id": ("id", None),
        "bad-cost": ("estimated_cost", NO_DECIMAL),
        "over-scale": ("cost_per_run", OVER_SCALE),
        "naive-timestamp": ("updated_at", NAIVE),
        "wrong-type": ("version", "third"),
    },
    "model": {
        "bad-uuid": ("id", NO_ID),
        "no-id": ("id", None),
        "naive-timestamp": ("updated_at", NAIVE),
        "wrong-type": ("is_public", "yes"),
    },
    "pricing": {
        "bad-uuid": ("id", NO_ID),
        "no-id": ("id", None),
        "bad-cost": ("price", NO_DECIMAL),
        "over-scale": ("price", OVER_SCALE),
        "naive-timestamp": ("updated_at", NAIVE),
        "wrong-type": ("sort_order", "first"),
    },
}
NOT_AN_OBJECT = "not-an-object"
KINDS = tuple(f"{level}:{kind}" for level, kinds in SPOILED.items() for kind in (*kinds, NOT_AN_OBJECT))
FEW = {"flow", "model", "pricing"}


def kinds_of(config: Config, level: str) -> list[str]:
    """The kinds of poison that are switched on for a level; ValueError for one that does not exist."""
    asked = KINDS if "all" in config.poison else config.poison
    unknown = set(asked) - set(KINDS)
    if unknown:
        raise ValueError(f"no such poison: {', '.join(sorted(unknown))}; there is {', '.join(KINDS)}, all")
    return [kind.partition(":")[2] for kind in asked if kind.startswith(f"{level}:")]


def poison_of(config: Config, level: str, id: str, n: int = 0) -> str | None:
    """What is wrong with this row, if anything.

    Of flows, models and price rules, which are few, the n-th row gets the n-th kind, beginning with row 1.
    """
    if not config.poison:
        return None
    kinds = kinds_of(config, level)
    if level in FEW:
        return kinds[n - 1] if 1 <= n <= len(kinds) else None
    draw = number(id, "poison")
    return kinds[draw // config.poison_every % len(kinds)] if kinds and draw % config.poison_every == 0 else None


def spoil(level: str, kind: str, row: Json) -> Any:
    """The row with this poison in it. A bad id keeps a part of the good one, so that a test finds it."""
    if kind == NOT_AN_OBJECT:
        return f"{level} {row['id']}"
    field, value = SPOILED[level][kind]
    return row | {field: f"{value}-{row['id'][:13]}" if value == NO_ID else value}
