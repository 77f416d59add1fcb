"""The command that publishes on request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipeline import loads, outstanding, readers, release
from pipeline.errors import CheckFailed, LeaseHeld, UsageError
from pipeline.lease import Lease
from pipeline.settings import Settings
from pipeline.values import Finding
from pipeline.warehouse import connect

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
RUN = "0199f3c2-7d1e-7000-8000-000000000001"


@pytest.fixture(autouse=True)
def sql(tmp_path, monkeypatch):
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "spend.sql").write_text("-- All spend\nSELECT sum(r.cost) AS cost FROM main.runs AS r\n")
    (tmp_path / "checks" / "fail").mkdir(parents=True)
    (tmp_path / "checks" / "fail" / "keys.sql").write_text("-- No key occurs twice\nSELECT 1 WHERE false\n")
    monkeypatch.setattr(readers, "MARTS", tmp_path / "marts")
    monkeypatch.setattr(release, "CHECKS", tmp_path / "checks")


@pytest.fixture
def settings(tmp_path):
    """A home with one run, loaded by one load that found something."""
    settings = Settings(home=tmp_path / "home", wait=timedelta(0))
    con = connect(settings.warehouse, ("https://api.example", None))
    load = loads.begin_load(con, "nightly", {}, NOW)
    loads.record_findings(con, load, (Finding("keys", "fail", "Twice."), Finding("few", "warn", "Few.")), NOW)
    con.execute("INSERT INTO warehouse.main.runs (id, created_at, cost) VALUES (?, ?, 1.5)", [RUN, NOW])
    outstanding.mark_dirty(con, "runs", ["2026-11-24"])
    con.close()
    return settings


def run(settings, accept="keys", self_contained=None) -> list[str]:
    return list(release.release(settings, NOW, accept=accept, self_contained=self_contained))


def test_it_tells_what_readers_see_and_leaves_the_status(settings):
    told = "\n".join(run(settings))
    assert "Published: version 20261124T060000Z-000001" in told
    assert "Parquet: 1 files" in told
    assert str(settings.home / "published" / "flowledger.duckdb") in told
    assert (settings.home / "status.json").exists()


def test_failing_findings_stand_in_the_way_until_they_are_accepted(settings):
    with pytest.raises(CheckFailed, match="--accept keys"):
        run(settings, accept=None)
    assert not (settings.home / "published").exists()
    assert "Accepted: findings of keys" in run(settings)


def test_the_name_of_a_check_must_be_one(settings):
    with pytest.raises(UsageError, match="The checks are: keys"):
        run(settings, accept="kees")


def test_a_self_contained_file_needs_no_other_file(settings, tmp_path):
    target = tmp_path / "all.duckdb"
    assert any(str(target) in line for line in run(settings, self_contained=target))
    (settings.home / "published").rename(tmp_path / "gone")
    with duckdb.connect(str(target), read_only=True) as db:
        assert db.execute("SELECT id FROM runs").fetchall() == [(RUN,)]
        assert db.execute("SELECT cost::VARCHAR FROM marts.spend").fetchall() == [("1.500000000000000000",)]
        assert db.execute("SELECT count(*) FROM flow_nodes").fetchall() == [(0,)]
        assert db.execute("SELECT command FROM ledger.loads").fetchall() == [("nightly",)]
    assert {path.name for path in tmp_path.iterdir()} == {"all.duckdb", "gone", "home", "marts", "checks"}


@pytest.mark.parametrize("name", ["warehouse.duckdb", "published/x.duckdb", "published", "none/x.duckdb"])
def test_a_self_contained_file_never_takes_the_place_of_ours(settings, name):
    with pytest.raises(UsageError, match="--self-contained"):
        run(settings, self_contained=settings.home / name)


def test_without_a_warehouse_it_says_what_to_run_and_makes_nothing(tmp_path):
    with pytest.raises(UsageError, match=r"Run: flowledger nightly$"):
        run(Settings(home=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_it_waits_its_turn(settings):
    held = Lease(settings.home, "nightly", print)
    held.take(timedelta(0))
    with pytest.raises(LeaseHeld):
        run(settings)
    held.let_go()
