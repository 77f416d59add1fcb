"""Objects of an API that has moved on: keys no page documents, keys that are gone, codes never seen. All invented."""

from __future__ import annotations

from typing import Any

from pipeline.sandbox.config import Config
from pipeline.sandbox.seeded import chance

Json = dict[str, Any]
NEW_KEY, NEW_CODE = "x_new_field", "x_new_code"
# The code of each level that can become a new one. The status of a run has a switch of its own: it decides more.
CODES = {
    "log": "level_code",
    "run": "source_code",
    "node_run": "state_code",
    "flow": "category_code",
    "model": "category_code",
    "pricing": "unit_code",
}
# The sandbox's own lists are made of these.
NEEDED = ("id", "created_at", "flow.nodes", "pricing.model_id")


def missing_keys(config: Config) -> dict[str, set[str]]:
    """The keys that are left out, by level; ValueError for a level that does not exist."""
    found: dict[str, set[str]] = {level: set() for level in CODES}
    for name in config.missing_keys:
        level, _, key = name.partition(".")
        if level not in found or not key or name in NEEDED or key in NEEDED:
            levels = ", ".join(CODES)
            raise ValueError(f"{name} cannot be left out; there is level.key of {levels}, but {', '.join(NEEDED)}")
        found[level].add(key)
    return found


def changed(config: Config, level: str, clean: Json) -> Json:
    """The object as an API that has moved on shows it."""
    made = clean
    if config.new_codes and chance(clean["id"], "new code") < config.new_codes and CODES[level] in clean:
        made = made | {CODES[level]: NEW_CODE}
    if config.missing_keys:
        left_out = missing_keys(config)[level]
        made = {key: held for key, held in made.items() if key not in left_out}
    return grown(made) if config.unknown_keys else made


def grown(value: Any) -> Any:
    """The undocumented key in the object, and in every object inside that has an id."""
    if isinstance(value, list):
        return [grown(held) for held in value]
    if not isinstance(value, dict):
        return value
    more = {key: grown(held) for key, held in value.items()}
    return more | {NEW_KEY: {"since": "2026-11", "values": [1, 2.5, None]}} if "id" in value else more
