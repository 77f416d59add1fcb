"""What taking a person out leaves in the tables beside the rows themselves: versions, digests, partitions."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from pipeline import forgotten, history, merge, outstanding, stage, warehouse
from pipeline.decode import decode
from pipeline.errors import FlowledgerError
from pipeline.flatten import flatten
from pipeline.forget_tables import learn_from_tables, take_out
from pipeline.job import Job
from pipeline.loads import Load
from pipeline.privacy import parse
from pipeline.rows import make_row
from pipeline.sought import Sought
from pipeline.tables import TABLES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ADA, FLOW = "3c90c3cc-0d44-4b50-8888-0000000000aa", "3c90c3cc-0d44-4b50-8888-000000000001"
POLICY = parse("keep")
LOAD = Load("later", 9)


@pytest.fixture
def con(tmp_path):
    with closing(warehouse.connect(tmp_path / "warehouse.duckdb", None)) as con:
        yield con


def seen(con, order, **given):
    """One more look at the flow."""
    text = json.dumps({"id": FLOW, "created_at": "2026-11-01T00:00:00Z", "name": "Shoes", **given}).encode()
    decoded = decode("flows", text)
    made = make_row("flows", decoded.wire, decoded.extra, order << 40, {}, POLICY)
    rows = {kind: [made] if kind == "flows" else [] for kind in TABLES}
    table = TABLES["flows"]
    stage.stage(con, table, flatten(rows, {order << 20: NOW + timedelta(hours=order)})["flows"])
    merge.merge(con, table, "load", NOW)
    history.keep_versions(con, table, "load", NOW)


def forget_ada(con):
    sought = Sought({ADA})
    with warehouse.transaction(con):
        learn_from_tables(con, sought)
        return take_out(con, LOAD, sought, POLICY, NOW)


def test_two_versions_that_differed_in_the_person_alone_are_one(con):
    user = {"id": ADA, "email": "ada@example.com"}
    seen(con, 1, updated_at="2026-11-02T00:00:00Z", description="ask ada@example.com", created_by_user=user)
    seen(con, 2, updated_at="2026-11-03T00:00:00Z", description=f"ask {ADA}", created_by_user=user)
    versions = "SELECT description, valid_to FROM warehouse.main.flows_history ORDER BY valid_from"
    assert len(con.execute(versions).fetchall()) == 2
    changed = forget_ada(con)
    assert con.execute(versions).fetchall() == [("ask forgotten", None)]
    assert (changed["main.flows"], changed["main.flows_history"]) == (1, 2)
    assert ("flows", "all") in outstanding.dirty_partitions(con)


def test_what_is_read_again_without_the_person_is_not_written_again(con):
    given = {"updated_at": "2026-11-02T00:00:00Z", "recent_stars": [{"id": FLOW, "user_id": ADA}]}
    seen(con, 1, created_by=ADA, **given)
    forget_ada(con)
    seen(con, 2, **{**given, "recent_stars": []})
    assert con.execute("SELECT _load_id, recent_stars FROM warehouse.main.flows").fetchall() == [("later", "[]")]
    assert len(con.execute("SELECT id FROM warehouse.main.flows_history").fetchall()) == 1


def test_nobody_is_nowhere(con):
    seen(con, 1, created_by=FLOW)
    assert forget_ada(con) == {}


def test_a_run_that_let_a_forget_go_first_stops(con, tmp_path):
    job = SimpleNamespace(con=con, settings=SimpleNamespace(home=tmp_path), forgotten=None)
    Job._refuse_if_somebody_was_forgotten(job)
    forgotten.remember(con, LOAD, b"key", Sought({ADA}), NOW)
    with pytest.raises(FlowledgerError, match=r"Somebody was forgotten.*forget.*backfill --resume"):
        Job._refuse_if_somebody_was_forgotten(job)
    job.forgotten = forgotten.recall(con, tmp_path)
    Job._refuse_if_somebody_was_forgotten(job)
