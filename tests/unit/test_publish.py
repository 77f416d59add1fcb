"""From one version to the next: what is written again, what goes, and that no reader ever sees a half of it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipeline import forget, ledger, loads, manifest, moments, outstanding, readers
from pipeline.errors import StorageError
from pipeline.publish import publish
from pipeline.settings import Settings
from tests.unit.published_home import (
    DAY,
    NOW,
    RUN,
    add_run,
    ask,
    by_pattern,
    change,
    costs,
    filled,
    published,
    write_marts,
)

MOMENTS = (
    "before-rename-parquet",
    "before-rename-snapshot",
    "before-rename-database",
    "before-manifest",
    "after-manifest",
)


class Stopped(Exception):
    """The process ended here."""


@pytest.fixture(scope="module", autouse=True)
def few_marts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marts")
    write_marts(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "MARTS", folder)
        yield folder


@pytest.fixture
def marts(few_marts, tmp_path, monkeypatch):
    """A copy of them to add to."""
    folder = shutil.copytree(few_marts, tmp_path / "marts")
    monkeypatch.setattr(readers, "MARTS", folder)
    return folder


@pytest.fixture
def con(tmp_path):
    con = filled(tmp_path)
    yield con
    con.close()


def test_the_next_version_writes_only_the_days_that_changed(con, tmp_path):
    first = publish(con, tmp_path, NOW, reader_root=None)
    change(con, 2, "7", "2026-11-23")
    second = publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert second.version > first.version
    same = {each.path for files in first.files.values() for each in files}
    new = {each.path for files in second.files.values() for each in files} - same
    assert new == {f"files/runs/day=2026-11-23/{second.version}.parquet"}
    assert costs(tmp_path)[2] == by_pattern(tmp_path)[2] == 7
    assert outstanding.dirty_partitions(con) == []


def test_the_history_is_written_when_its_table_changed(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root=None)
    con.execute("UPDATE warehouse.main.flows_history SET name = 'g'")
    outstanding.mark_dirty(con, "flows", ["all"])
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert ask(tmp_path, "SELECT name FROM flows_history") == [("g",)]


def test_nothing_is_rewritten_when_nothing_changed(con, tmp_path):
    first = publish(con, tmp_path, NOW, reader_root=None)
    before = (tmp_path / "published/flowledger.duckdb").stat().st_ino
    assert publish(con, tmp_path, NOW + DAY, reader_root=None) == first
    assert (tmp_path / "published/flowledger.duckdb").stat().st_ino == before


def test_a_night_without_rows_moves_the_time_it_is_good_for_and_writes_no_file(con, tmp_path):
    first = publish(con, tmp_path, NOW, reader_root=None)
    ledger.set_watermark(con, loads.begin_load(con, "nightly", {}, NOW + DAY), NOW + DAY, NOW + DAY)
    second = publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert (first.as_of, second.as_of) == ("2026-11-24T06:00:00Z", "2026-11-25T06:00:00Z")
    assert second.files == first.files
    assert ask(tmp_path, "SELECT count(*) FROM ledger.loads") == [(2,)]


def test_a_new_mart_is_published_though_no_row_changed(con, tmp_path, marts):
    publish(con, tmp_path, NOW, reader_root=None)
    (marts / "c_new.sql").write_text("-- One\nSELECT 1 AS one\n")
    publish(con, tmp_path, NOW, reader_root=None)
    assert ask(tmp_path, "SELECT one FROM marts.c_new") == [(1,)]


def test_a_day_that_has_become_empty_disappears(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root=None)
    con.execute(f"UPDATE warehouse.main.runs SET created_at = '2026-11-23 01:00:00+00' WHERE id = '{RUN}1'")
    outstanding.mark_dirty(con, "runs", ["2026-11-22", "2026-11-23"])
    told = publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert [(file.partition, file.rows) for file in told.files["runs"]] == [("2026-11-23", 2), ("unknown", 1)]
    assert set(costs(tmp_path)) == set(by_pattern(tmp_path)) == {1, 2, 3}
    assert not (tmp_path / "published/parquet/runs/day=2026-11-22").exists()


def test_a_row_that_nobody_marked_is_published_all_the_same(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root=None)
    add_run(con, 4, "2026-11-21 00:00:00+00", "4")
    outstanding.clear_dirty(con, [("runs", "2026-11-21")])
    change(con, 2, "7", "2026-11-23")
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert costs(tmp_path)[4] == 4


def test_a_file_that_was_lost_is_written_again(con, tmp_path):
    first = publish(con, tmp_path, NOW, reader_root=None)
    (tmp_path / "published" / first.files["runs"][0].path).unlink()
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert set(costs(tmp_path)) == {1, 2, 3}


def test_a_reader_who_holds_the_old_version_keeps_it_whole(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root=None)
    held = published(tmp_path)
    for night in range(1, 4):
        change(con, 2, str(night), "2026-11-23")
        publish(con, tmp_path, NOW + timedelta(hours=night), reader_root=None)
    assert held.execute(f"SELECT cost FROM runs WHERE id = '{RUN}2'").fetchall() == [(Decimal("2.5"),)]
    held.close()


def test_old_versions_go_after_two_days_and_the_newest_two_stay(con, tmp_path):
    paths = []
    for night in range(5):
        change(con, 2, str(night), "2026-11-23")
        told = publish(con, tmp_path, NOW + night * DAY, reader_root=None)
        paths.append(tmp_path / "published" / told.files["runs"][1].path)
    # The third was replaced a day ago, the second two days ago and no more; the first three.
    assert [path.exists() for path in paths] == [False, True, True, True, True]
    change(con, 2, "9", "2026-11-23")
    publish(con, tmp_path, NOW + 30 * DAY, reader_root=None)
    assert [path.exists() for path in paths] == [False, False, False, False, True]
    assert len(list((tmp_path / "published/snapshots").glob("*-*"))) == 2


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_crash_leaves_one_whole_version_and_the_next_publish_makes_it_good(con, tmp_path, monkeypatch, moment):
    publish(con, tmp_path, NOW, reader_root=None)
    old = costs(tmp_path)
    change(con, 2, "7", "2026-11-23")
    new = {**old, 2: Decimal(7)}

    def stop(name: str) -> None:
        if name == moment:
            raise Stopped

    monkeypatch.setattr(moments, "reached", stop)
    with pytest.raises(Stopped):
        publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert costs(tmp_path) in (old, new)
    assert by_pattern(tmp_path) in (old, new)
    told = manifest.read(tmp_path / "published")
    assert all(manifest.is_intact(tmp_path / "published", file) for each in told.files.values() for file in each)

    monkeypatch.setattr(moments, "reached", lambda _: None)
    # The clock may stand still between the two.
    told = publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert costs(tmp_path) == by_pattern(tmp_path) == new
    assert (tmp_path / "published/parquet").readlink() == Path("snapshots") / told.version
    assert sorted(path.name for path in (tmp_path / "published").iterdir()) == [
        "files",
        "flowledger.duckdb",
        "manifest.json",
        "parquet",
        "snapshots",
    ]
    assert outstanding.dirty_partitions(con) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_crash_of_the_first_publish_ever_is_made_good(con, tmp_path, monkeypatch, moment):
    def stop(name: str) -> None:
        if name == moment:
            raise Stopped

    monkeypatch.setattr(moments, "reached", stop)
    with pytest.raises(Stopped):
        publish(con, tmp_path, NOW, reader_root=None)
    monkeypatch.setattr(moments, "reached", lambda _: None)
    publish(con, tmp_path, NOW, reader_root=None)
    assert set(costs(tmp_path)) == set(by_pattern(tmp_path)) == {1, 2, 3}


def test_a_broken_mart_is_named_and_readers_keep_what_they_have(con, tmp_path, marts):
    publish(con, tmp_path, NOW, reader_root=None)
    change(con, 2, "7", "2026-11-23")
    (marts / "c_broken.sql").write_text("-- Broken\nSELECT nothing FROM runs\n")
    with pytest.raises(StorageError, match="The mart c_broken cannot be built"):
        publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert costs(tmp_path)[2] == Decimal("2.5")
    assert outstanding.dirty_partitions(con) == [("runs", "2026-11-23")]


@pytest.fixture
def no_whole_build(con, tmp_path, monkeypatch):
    """Published once; from here on the database is made out of the last one, or not at all."""
    publish(con, tmp_path, NOW, reader_root=None)

    def refuse(*_, **__):
        pytest.fail("built whole")

    monkeypatch.setattr(readers, "build", refuse)


def test_the_next_database_is_made_out_of_the_last_one(con, tmp_path, no_whole_build):
    change(con, 2, "7", "2026-11-23")
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert ask(tmp_path, "SELECT sum(spend_usd) FROM daily.run_counts") == [(Decimal("7.000000000000000001"),)]
    assert ask(tmp_path, "SELECT cost FROM marts.b_total") == [(Decimal("7.000000000000000001"),)]


def test_a_night_without_rows_makes_neither_a_database_nor_a_folder_from_the_start(con, tmp_path, no_whole_build):
    ledger.set_watermark(con, loads.begin_load(con, "nightly", {}, NOW + DAY), NOW + DAY, NOW + DAY)
    told = publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert [path.name for path in (tmp_path / "published/snapshots").iterdir()] == [told.snapshot]
    assert told.snapshot < told.version
    assert set(by_pattern(tmp_path)) == {1, 2, 3}


def test_what_somebody_wrote_into_the_database_is_not_carried_on(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root=None)
    with duckdb.connect(str(tmp_path / "published/flowledger.duckdb")) as db:
        db.execute("UPDATE daily.run_counts SET spend_usd = 0")
    change(con, 2, "7", "2026-11-23")
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert ask(tmp_path, "SELECT sum(spend_usd) FROM daily.run_counts") == [(Decimal("7.000000000000000001"),)]


def test_a_database_that_cannot_be_read_is_built_whole(con, tmp_path, monkeypatch):
    publish(con, tmp_path, NOW, reader_root=None)
    (tmp_path / "published/flowledger.duckdb").write_bytes(b"damaged")
    monkeypatch.setattr(manifest, "stamp", lambda _: manifest.read(tmp_path / "published").database)
    change(con, 2, "7", "2026-11-23")
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert ask(tmp_path, "SELECT cost FROM marts.b_total") == [(Decimal("7.000000000000000001"),)]


def test_after_forgetting_no_byte_of_the_last_database_is_in_the_new_one(con, tmp_path):
    told = "_terminal = true, status_code = 'failed', failure_message = 'Ada Lovelace'"
    con.execute(f"UPDATE warehouse.main.runs SET {told}")
    publish(con, tmp_path, NOW, reader_root=None)
    assert b"Ada Lovelace" in (tmp_path / "published/flowledger.duckdb").read_bytes()
    con.execute("UPDATE warehouse.main.runs SET failure_message = NULL")
    outstanding.mark_dirty(con, "runs", ["2026-11-22", "2026-11-23", "unknown"])
    load = loads.begin_load(con, "forget", {}, NOW + DAY)
    con.close()
    forget._published(Settings(home=tmp_path), load, forget.Changed(1, {}), NOW + DAY, 0.0)
    assert b"Ada Lovelace" not in (tmp_path / "published/flowledger.duckdb").read_bytes()
    assert [path.name for path in (tmp_path / "published/snapshots").iterdir()] == ["20261125T060000Z-000002"]


def test_the_folder_of_an_expired_version_becomes_the_next_one(con, tmp_path):
    folders = []
    for night in range(5):
        change(con, 2, str(night), "2026-11-23")
        publish(con, tmp_path, NOW + night * 3 * DAY, reader_root=None)
        folders.append((tmp_path / "published/parquet").resolve().stat().st_ino)
        assert by_pattern(tmp_path) == costs(tmp_path)
    assert len({*folders}) < len(folders)
    assert len(list((tmp_path / "published/files/runs/day=2026-11-23").iterdir())) == 2


def test_a_link_that_was_lost_from_a_folder_is_there_again_when_the_folder_is_used_again(con, tmp_path):
    for night in range(4):
        change(con, 2, str(night), "2026-11-23")
        publish(con, tmp_path, NOW + night * 3 * DAY, reader_root=None)
        for path in (tmp_path / "published/parquet").resolve().glob("runs/day=2026-11-22/*"):
            path.unlink()
    change(con, 2, "9", "2026-11-23")
    publish(con, tmp_path, NOW + 30 * DAY, reader_root=None)
    assert by_pattern(tmp_path) == costs(tmp_path)


def test_readers_may_see_the_folder_under_another_name(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root="/mnt/bi/")
    with pytest.raises(duckdb.IOException, match="/mnt/bi/files/runs/"):
        ask(tmp_path, "SELECT * FROM runs")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "published")
    publish(con, tmp_path, NOW, reader_root=str(tmp_path / "elsewhere"))
    assert set(costs(tmp_path)) == {1, 2, 3}
    assert ask(tmp_path, "SELECT cost FROM marts.b_total") == [(Decimal("2.500000000000000001"),)]


def test_the_log_that_somebody_left_beside_the_database_is_not_replayed_into_the_new_one(con, tmp_path):
    publish(con, tmp_path, NOW, reader_root=None)
    left = tmp_path / "published/flowledger.duckdb.wal"
    left.write_bytes(b"foreign")
    change(con, 2, "7", "2026-11-23")
    publish(con, tmp_path, NOW + DAY, reader_root=None)
    assert not left.exists()
    assert costs(tmp_path)[2] == 7
