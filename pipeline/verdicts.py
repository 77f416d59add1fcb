"""What an answer of the API tells, in one line each and without any of its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline import shapes

RELATIONS = ("node_runs", "logs", "flow", "model")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the doctor's table. verdict: ok, note, warn or fail."""

    topic: str
    verdict: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A response opened: its JSON (None when it is none), and what it weighed."""

    status: int
    encoding: str
    body: bytes
    wire_bytes: int

    @property
    def json(self) -> Any:
        return shapes.parse(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return shapes.rows(self.json) if self.status == 200 else []


def listing_lines(topic: str, answer: Answer) -> list[Line]:
    """A listing that answered: its rows, its cursor, its size."""
    name, value = shapes.cursor_of(answer.json)
    keys = ", ".join(answer.json) if isinstance(answer.json, dict) else "a bare list"
    coding = answer.encoding or "identity"
    text = (
        f"{len(answer.rows)} rows in {keys}; cursor {name or 'next'}: {shapes.cursor(value)}; "
        f"coding {coding}, {answer.wire_bytes:,} bytes of {len(answer.body):,}"
    )
    return [Line(topic, "ok", text)]


def run_lines(topic: str, runs: list[dict[str, Any]]) -> list[Line]:
    """Which generation of the run object, and how it writes ids, times and money."""
    return [
        Line(f"{topic}: shape", "note", shapes.tally(runs, shapes.generation)),
        Line(f"{topic}: relations", "note", relations(runs)),
        Line(f"{topic}: ids", "note", shapes.tally((run.get("id") for run in runs), shapes.identity)),
        Line(f"{topic}: times", "note", shapes.tally((run.get("created_at") for run in runs), shapes.time)),
        Line(f"{topic}: cost", "note", shapes.tally((run.get("cost") for run in runs), shapes.decimal)),
    ]


def relations(runs: list[dict[str, Any]]) -> str:
    """What came of each relation of these runs."""
    return "; ".join(
        f"{name}: {shapes.tally((run.get(name, shapes.MISSING) for run in runs), shapes.relation)}"
        for name in RELATIONS
    )


def sort_line(topic: str, orders: tuple[str, str], status: int) -> Line:
    """Whether the two orders that were asked for came."""
    if status != 200:
        return Line(topic, "warn", f"sort_by is refused: {status}")
    if "unknown" in orders:
        return Line(topic, "note", "too few different times to tell")
    good = orders == ("ascending", "descending")
    return Line(topic, "ok" if good else "warn", f"asked ascending: {orders[0]}; asked descending: {orders[1]}")


def empty(topic: str, answer: Answer) -> Line:
    """A listing that gave no row."""
    if answer.status == 200:
        return Line(topic, "note", "answered 200 without rows: nothing to learn here")
    return Line(topic, "warn", f"answered {answer.status}")
