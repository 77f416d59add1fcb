"""The switches that decide what the simulated world holds and what its objects look like.

Each switch carries its own line of documentation: `--help` and the tests read it from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


def switch(default: T, doc: str, *choices: str, world: bool = False, parse: Callable[[str], Any] | None = None) -> T:
    """A dataclass field with its documentation. world: changing it makes another world, with other ids."""
    described: T = field(default=default, metadata={"doc": doc, "choices": choices, "world": world, "parse": parse})
    return described


def moment(text: str) -> datetime:
    """An RFC 3339 time or a date; a naive one is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class WorldSwitches:
    """Which runs and logs exist. Equal values give equal worlds, id by id."""

    seed: int = switch(1, "Same seed, same world.", world=True)
    organization: str = switch("acme", "Name of the organisation; another name is another organisation.", world=True)
    days: int = switch(7, "The world begins at the UTC midnight this many days before the clock.", world=True)
    start: datetime | None = switch(  # noqa: RUF009  it makes a field, as `field` does
        None, "The world begins here instead of `days` ago.", world=True, parse=moment
    )
    ends: datetime | None = switch(  # noqa: RUF009
        None, "No run is created from here on.", world=True, parse=moment
    )
    runs_per_day: int = switch(60, "Runs on a working day; about half on a weekend.", world=True)
    logs_per_run: int = switch(8, "Log lines of a run, on average.", world=True)
    no_logs: float = switch(0.08, "Share of runs without any log.", world=True)
    long_runs: float = switch(0.02, "Share of runs that take days.", world=True)
    long_run_days: float = switch(3.0, "How many days such a run takes, on average.", world=True)
    flows: int = switch(6, "Number of flows.", world=True)
    both_relations: bool = switch(False, "Runs of a flow name a model too (larger rows, for measuring).", world=True)
    edges: bool = switch(True, "Two runs a day stand exactly on the day's first and last microsecond.", world=True)
    equal_timestamps: float = switch(0.0, "Times are rounded down to this many seconds: many are equal.", world=True)
    fraction: str = switch("6", "Digits of a second in times.", "0", "3", "6", "auto", world=True)
    log_ids: str = switch("random", "Version of log ids.", "random", "v7", world=True)
    run_ids: str = switch("v7", "Version of run ids.", "v7", "random", world=True)


@dataclass(frozen=True, kw_only=True)
class ClockSwitches:
    """The virtual clock: every status, count and late arrival derives from it."""

    now: datetime | None = switch(  # noqa: RUF009
        None, "The clock stands here; without it the clock is the real one.", parse=moment
    )
    clock_offset: float = switch(0.0, "Seconds added to the clock.")
    clock_step: float = switch(0.0, "Seconds the clock moves on with every request.")


@dataclass(frozen=True, kw_only=True)
class ContentSwitches:
    """What the objects say."""

    generation: str = switch("3", "Generation of the run object's keys.", "1", "2", "3", "mixed")
    enum_keys: bool = switch(True, "Runs carry target_type, status_code, source_code and failure_stage_code.")
    cancel_spelling: str = switch("canceled", "How a cancelled run is spelled.", "canceled", "cancelled", "mixed")
    unknown_status: float = switch(0.0, "Share of ended runs whose status is one that no page names.")
    odd_statuses: float = switch(0.0, "Share of failed runs that say errored or timeout instead.")
    open_cost: str = switch("null", "Cost of a run that has not ended.", "null", "zero", "estimate")
    failed_cost: str = switch("zero", "Cost of a failed run.", "null", "zero", "number")
    feedback: float = switch(0.15, "Share of ended runs that get feedback, hours to days later.")
    late_changes: float = switch(0.0, "Share of runs whose cost and metadata change after they ended.")
    late_change_hours: float = switch(48.0, "How long after the end that change comes.")
    gone_runs: float = switch(0.0, "Share of ended runs that answer 404 after a while.")
    gone_after_hours: float = switch(24.0, "How long after its end such a run disappears.")
    forgotten_outputs: float = switch(0.0, "Share of runs whose output becomes null an hour after the end.")
    late_logs: float = switch(0.0, "Share of log lines that arrive late.")
    late_by: float = switch(3600.0, "Seconds by which they are late.")
    output_shapes: str = switch("normal", "Shape of outputs: the newer rule, or each one ever seen.", "normal", "mixed")
    data_uri_bytes: int = switch(0, "Size of a data URI in the output of some runs; 0 is none.")
    data_uri_every: int = switch(50, "One run in so many holds that data URI.")
    personal_data: bool = switch(True, "Flows name their creating user with e-mail and names.")
    unknown_keys: bool = switch(False, "Every object, at every level, has a key that no page documents.")
    missing_keys: tuple[str, ...] = switch((), "Keys that every object of a level lacks, as level.key: run.client_ref.")
    new_codes: float = switch(0.0, "Share of rows at every level of which one code is never seen otherwise.")
    changes_after_days: float = switch(3.0, "A price, a model and a flow change this long after the start; 0 is never.")
    price_rule_vanishes_after_days: float = switch(0.0, "A price rule is no longer listed from then on; 0 is never.")
    poison: tuple[str, ...] = switch(
        (), "Rows that no schema takes, as level:kind, e.g. run:bad-cost; all of them with `all`."
    )
    poison_every: int = switch(40, "One log, run or node run in so many is poisoned.")


@dataclass(frozen=True, kw_only=True)
class RelationSwitches:
    """What `embed` fills."""

    log_run: str = switch("filled", "The run of a log, when asked for.", "filled", "null", "missing", "mixed")
    embed_flow: str = switch("filled", "The flow of an embedded run.", "filled", "null", "missing", "mixed")
    embed_model: str = switch("filled", "The model of an embedded run.", "filled", "null", "missing", "mixed")
    embed_node_runs: str = switch(
        "filled", "The node runs of an embedded run.", "filled", "null", "missing", "empty", "mixed"
    )
    embed_logs: str = switch("null", "The logs of an embedded run.", "filled", "null", "missing", "empty", "mixed")
    flow_nodes: str = switch("filled", "The nodes of a flow in every answer.", "filled", "null", "missing", "empty")
    model_pricing: str = switch("filled", "The price rules in a model.", "filled", "null", "missing", "empty")
    embedded_run: str = switch(
        "live", "State of an embedded run: now, or when the line was written.", "live", "snapshot"
    )
    runs_embed: bool = switch(True, "The run endpoints know embed=node_runs,logs,flow,model; else they answer 422.")
    runs_fill: str = switch(
        "filled", "What embed fills on the run endpoints.", "filled", "null", "missing", "empty", "mixed"
    )


@dataclass(frozen=True, kw_only=True)
class SpellingSwitches:
    """How values are written."""

    decimals: str = switch(
        "string", "How decimals are written.", "string", "number", "exponent", "exponent-number", "null", "mixed"
    )
    zone: str = switch("Z", "How a time's offset is written.", "Z", "+00:00", "+02:00", "mixed")
    signing: str = switch(
        "item", "Asset URLs are signed anew for each of these.", "none", "fixed", "page", "item", "url"
    )
    signature: str = switch("aws", "Whose signature parameters.", "aws", "cloudfront", "gcs", "mixed")
    envelope: str = switch("flat", "Shape of an error's body.", "flat", "nested", "nested-string", "detail", "html")
