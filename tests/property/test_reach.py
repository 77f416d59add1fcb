"""P9: a commit reads a part of a large table only, and finds every row that a look at the whole of it would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import reach, warehouse
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from pipeline.written import clear, gather_written
from tests.property.warehouse_rows import staged

LOGS = TABLES["logs"]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RUN_BIT = 1 << LOGS.names.index("run_id")


def v7(day: int, n: int) -> UUID:
    ms = int((BEGIN + timedelta(days=day)).timestamp() * 1000)
    return UUID(int=(ms << 80) | (7 << 76) | (2 << 62) | n)


def v4(n: int) -> UUID:
    return UUID(
        int=(n * 0x9E3779B97F4A7C15F39CC0605CEDC835 & ~(0xF << 76) & ~(3 << 62)) % (1 << 128) | 4 << 76 | 2 << 62
    )


RUNS = [v7(0, 1), v7(1, 2), v7(1, 3), v7(40, 4), v7(300, 5), v4(1), v4(2)]
# A log keeps its run for ever; whether a copy names it, and all else that a copy says, may change.
LOGS_OF_RUNS = {v7(n, 100 + n) if n % 2 else v4(100 + n): RUNS[n % len(RUNS)] for n in range(10)}


@st.composite
def observed(draw):
    """A copy of a log: with or without its run, on any day."""
    log = draw(st.sampled_from(sorted(LOGS_OF_RUNS)))
    named = draw(st.integers(0, 3)) > 0
    moment = draw(st.sampled_from([None, 0, 1, 40, 41, 300]))
    return {
        "id": log,
        "run_id": LOGS_OF_RUNS[log] if named else None,
        "timestamp": None if moment is None else BEGIN + timedelta(days=moment, hours=23),
        "message": draw(st.sampled_from(["one", "two"])),
        "_absent": 0 if named or draw(st.booleans()) else RUN_BIT,
        "_terminal": True,
    }


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    opened = warehouse.connect(tmp_path_factory.mktemp("reach") / "warehouse.duckdb", None)
    yield opened
    opened.close()


def loaded(con, batches):
    """The rows that are stored in the end, and what each commit changed and read back."""
    con.execute("DELETE FROM warehouse.main.logs")
    told = []
    for number, batch in enumerate(batches):
        rows = [
            row | {"_observation": number * 100 + n, "_fetched_at": BEGIN + timedelta(days=400, hours=number)}
            for n, row in enumerate(batch)
        ]
        clear(con)
        stage(con, LOGS, staged(LOGS, rows))
        with warehouse.transaction(con):
            counts = merge(con, LOGS, f"load {number}", BEGIN)
            gather_written(con, "load", ["logs"])
        written = con.execute("SELECT id, run_id, timestamp FROM written_logs ORDER BY ALL").fetchall()
        changed = con.execute("SELECT * FROM changed_logs ORDER BY ALL").fetchall()
        told.append((counts, changed, written))
    stored = con.execute("SELECT * FROM warehouse.main.logs ORDER BY ALL").fetchall()
    assert len({row[0] for row in stored}) == len(stored), "an id is stored twice"
    return stored, told


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(observed(), min_size=1, max_size=6), min_size=2, max_size=4))
def test_p9_a_bounded_look_finds_what_a_look_at_the_whole_table_finds(con, batches):
    bounded = loaded(con, batches)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("of_batch", "of_stored", "of_written"):
            patch.setattr(reach, name, lambda *_: [reach.EVERYWHERE])
        assert bounded == loaded(con, batches)
