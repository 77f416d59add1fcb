"""What hydration asks of a run, read off its struct."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, Raw, UnsetType

from pipeline.rows import is_terminal


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What hydration asks of a run. node_runs_arrived: its list came, and is as long as its counters say."""

    id: str
    has_node_runs: bool | None
    nodes_completed: int | None
    node_runs_arrived: bool
    created_at: datetime | None
    completed_at: datetime | None
    terminal: bool
    flow_id: str | None
    model_id: str | None

    @property
    def least_node_runs(self) -> int:
        """How many node runs it must have, as far as its own counters tell."""
        return max(self.nodes_completed or 0, 1 if self.has_node_runs else 0)


def facts_of(run: Any, nodes: list[Raw] | None) -> RunFacts:
    """The facts of a decoded run. nodes: its embedded list; None when it did not come."""
    facts = RunFacts(
        id=str(run.id),
        has_node_runs=_known(run.has_node_runs),
        nodes_completed=_known(run.nodes_completed),
        node_runs_arrived=False,
        created_at=_known(run.created_at),
        completed_at=_known(run.completed_at),
        terminal=is_terminal("runs", run),
        flow_id=_id(run.flow_id),
        model_id=_id(run.model_id),
    )
    return replace(facts, node_runs_arrived=nodes is not None and len(nodes) >= facts.least_node_runs)


def together(before: RunFacts | None, now: RunFacts, node_runs: int) -> RunFacts:
    """The facts of a run of which another copy came before. node_runs: how many of its node runs have come.

    A list that came with an older copy may be shorter, or less far, than what the run has by now.
    """
    enough = node_runs >= now.least_node_runs
    as_far = before is not None and (before.terminal or not now.terminal)
    if before is not None and before.node_runs_arrived and enough and as_far:
        return replace(now, node_runs_arrived=True)
    return now


def _known(value: Any) -> Any:
    return None if value is UNSET else value


def _id(value: UUID | UnsetType | None) -> str | None:
    return str(value) if isinstance(value, UUID) else None
