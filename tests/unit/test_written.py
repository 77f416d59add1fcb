"""What the checks of a commit read is that commit's own, whatever the one before it has left."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from pipeline import warehouse
from pipeline.check import checks
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import JSON, TABLES, TEXT
from pipeline.written import clear, gather_written, written_columns
from tests.property.warehouse_rows import staged

NOW = datetime(2026, 11, 20, tzinfo=UTC)
RUN = UUID("019a0000-0000-7000-8000-000000000001")
KINDS = ("stage", "changed", "written")


@pytest.fixture
def con(tmp_path):
    opened = warehouse.connect(tmp_path / "warehouse.duckdb", None)
    yield opened
    opened.close()


def commit(con, name: str, **given) -> None:
    row = {"id": RUN, "_observation": 1, "_absent": 0, "_terminal": False, "_fetched_at": NOW}
    clear(con)
    stage(con, TABLES[name], staged(TABLES[name], [row | given]))
    with warehouse.transaction(con):
        merge(con, TABLES[name], "load", NOW)
        gather_written(con, "load", [name])


def rows(con) -> dict[str, int]:
    counts = " UNION ALL ".join(
        f"SELECT '{kind}_{name}' AS name, count(*) AS rows FROM {kind}_{name}" for kind in KINDS for name in TABLES
    )
    return {name: count for name, count in con.execute(counts).fetchall() if count}


def test_every_table_of_a_commit_is_there_and_empty_when_the_next_begins(con):
    clear(con)
    assert rows(con) == {}
    commit(con, "runs", created_at=NOW)
    assert rows(con) == {"stage_runs": 1, "changed_runs": 1, "written_runs": 1}
    clear(con)
    assert rows(con) == {}


def test_what_is_staged_next_is_left_to_that_but_not_what_was_written(con):
    commit(con, "runs", created_at=NOW)
    clear(con, ["runs"])
    assert rows(con) == {"stage_runs": 1, "changed_runs": 1}


def test_what_a_rolled_back_commit_has_staged_is_gone_as_well(con):
    clear(con)
    stage(con, TABLES["runs"], staged(TABLES["runs"], [{"id": RUN, "_observation": 1, "_absent": 0}]))
    con.execute("BEGIN TRANSACTION")
    merge(con, TABLES["runs"], "load", NOW)
    con.execute("ROLLBACK")
    clear(con)
    assert rows(con) == {}


def test_a_check_finds_every_column_that_it_names_and_that_is_no_free_text():
    for check in [*checks("fail"), *checks("warn")]:
        for name, table in TABLES.items():
            if f"written_{name}" in check.reads:
                small = {c.name for c in table.stored if c.type not in {JSON, TEXT} or c.name.endswith("_code")}
                named = small & set(check.query.replace('"', " ").replace(".", " ").replace(",", " ").split())
                assert named <= {column[3:-1] for column in written_columns(table).split(", ")}, check.name
