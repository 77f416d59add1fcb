"""What the source says to have of a run, against what is stored: logs and node runs, of which it publishes no totals.

In: a connection of `warehouse.connect` and plain values. Out: plain values. `note` is a transaction of its own: what it
forgets when it is killed, the next night finds again. Source: design, P3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger
from pipeline.ledger_tables import LEDGER
from pipeline.statements import sql_text
from pipeline.tables import TIME
from pipeline.values import Window
from pipeline.warehouse import given, transaction

# With the ids as text: a UUID in Arrow is made of its bytes.
INCOMPLETE = pa.schema(
    [(c.name, pa.string() if c.name == "run_id" else c.type) for c in LEDGER["incomplete_runs"].columns]
)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A run that has ended and of which less is stored than the source says to have. missing: logs or node_runs."""

    run_id: str
    missing: str
    created_at: datetime
    expected: int
    stored: int


def incomplete_runs(con: Connection, span: Window) -> list[Incomplete]:
    """The runs created in the span of which something is missing; of a run that was read in part nothing is."""
    bounds = _gather(con, span)
    if bounds is None:
        return []
    query = sql_text("completeness/incomplete_runs.sql").format(first=bounds[0], last=bounds[1])
    with given(con, "given_spans", _spans(con)):
        return [Incomplete(*row) for row in con.execute(query).fetchall()]


def sample(con: Connection, span: Window, lot: str, most: int) -> list[str]:
    """Ids of a few runs of the span, drawn by `lot`, whose logs were all read."""
    if _gather(con, span) is None:
        return []
    with given(con, "given_spans", _spans(con)):
        rows = con.execute(sql_text("completeness/sample.sql"), {"lot": lot, "most": most}).fetchall()
    return [row[0] for row in rows]


def unknown_logs(con: Connection, logs: pa.Table, run_ids: Sequence[str]) -> int:
    """How many of these log lines of these runs are not stored. logs: in the stage schema."""
    query = sql_text("completeness/unknown_logs.sql").format(first=min(run_ids), last=max(run_ids))
    with given(con, "given_logs", logs.select(["id"])):
        return int(con.execute(query).fetchall()[0][0])


def asked_lately(con: Connection, now: datetime) -> set[tuple[str, str]]:
    """(run, what is missing) that need not be asked for tonight."""
    return set(con.execute(sql_text("completeness/asked_lately.sql"), {"now": now}).fetchall())


def note(con: Connection, span: Window, asked: Iterable[tuple[str, str]], now: datetime) -> list[Incomplete]:
    """Enter what is still missing in the span after `asked` were asked for, and drop what is complete; returns it."""
    left, asked = incomplete_runs(con, span), set(asked)
    known = {
        (run_id, missing): (first_seen_at, last_asked_at, asks)
        for run_id, missing, first_seen_at, last_asked_at, asks in con.execute(
            "SELECT run_id::VARCHAR AS run_id, missing, first_seen_at, last_asked_at, asks "
            "FROM warehouse.ledger.incomplete_runs"
        ).fetchall()
    }
    rows = []
    for each in left:
        first, last, asks = known.get((each.run_id, each.missing), (now, None, 0))
        tonight = (each.run_id, each.missing) in asked
        seen = {"first_seen_at": first, "last_asked_at": now if tonight else last, "asks": asks + tonight}
        rows.append(asdict(each) | seen)
    with transaction(con), given(con, "given_incomplete", pa.Table.from_pylist(rows, INCOMPLETE)):
        con.execute(
            "DELETE FROM warehouse.ledger.incomplete_runs WHERE created_at >= $start AND created_at < $end",
            {"start": span.start, "end": span.end},
        )
        con.execute("INSERT INTO warehouse.ledger.incomplete_runs BY NAME SELECT g.* FROM given_incomplete AS g")
    return left


def _gather(con: Connection, span: Window) -> tuple[str, str] | None:
    """Create `ended_runs`; returns its least and greatest id, None when there is none."""
    con.execute(sql_text("completeness/ended_runs.sql"), {"start": span.start, "end": span.end})
    least = con.execute("SELECT min(id)::VARCHAR AS first, max(id)::VARCHAR AS last FROM ended_runs").fetchall()
    return None if least[0][0] is None else least[0]


def _spans(con: Connection) -> pa.Table:
    spans = ledger.covered(con, "logs")
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    return pa.table({"start_at": pa.array(starts, TIME), "end_at": pa.array(ends, TIME)})
