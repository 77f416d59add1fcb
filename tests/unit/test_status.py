"""What `flowledger status` shows, to whom, and when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline import drift, ledger, loads, outstanding, status
from pipeline.errors import StorageError
from pipeline.lease import Lease
from pipeline.settings import Settings
from pipeline.values import Batch, Drift, Finding, Merged, Outcome, Reject, Window
from pipeline.warehouse import connect

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
D20 = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def con(settings: Settings):
    con = connect(settings.warehouse, ("https://api.example", "org-1"))
    yield con
    con.close()


def cover(con, load, commit: int, start: datetime, end: datetime) -> None:
    window = Window(start, end)
    ledger.record_window(con, load, commit, window, Batch({}, logs_covered=window, runs_covered=window), NOW)


@pytest.fixture
def load(con, settings):
    """Two days that are loaded, a gap between them, and one of everything a person should know."""
    load = loads.begin_load(con, "nightly", {}, NOW - timedelta(hours=3))
    cover(con, load, 0, D20, D20 + DAY)
    cover(con, load, 1, D20 + 2 * DAY, D20 + 3 * DAY)
    ledger.set_watermark(con, load, D20 + 3 * DAY, NOW)
    outstanding.record_rejects(con, load, (Reject("run", "a", "cost", "is no amount", "{}", "", "", 1, NOW),), NOW)
    drift.record(con, [Drift("runs", "novelty", "unknown", "a", 3, NOW - DAY, NOW, "string")])
    con.execute("INSERT INTO warehouse.ledger.open_runs VALUES (uuid(), ?, ?, ?, 1)", [NOW - 40 * DAY, NOW, NOW])
    con.executemany(
        "INSERT INTO warehouse.ledger.reconciliation (day, status, runs_here, runs_there, spend_here, spend_there, "
        "explanation, checked_at, load_id) VALUES (?, ?, 1, 2, 0.1, 0.2, ?, ?, ?)",
        [
            ("2026-11-20", "mismatch", "A run is missing.", NOW - DAY, load.load_id),
            ("2026-11-21", "mismatch", "A run is missing.", NOW - DAY, load.load_id),
            ("2026-11-21", "healed", None, NOW, load.load_id),
        ],
    )
    con.execute("INSERT INTO warehouse.main.logs (id) VALUES (uuid())")
    finding = Finding("few_logs", "warn", "Fewer logs than usual on 2026-11-22.")
    outcome = Outcome("nightly", load.load_id, 3, 2, (), {"logs": Merged(inserted=1)}, (finding,), 1, published="v1")
    loads.finish_load(con, load, outcome, NOW)
    status.write_status(con, settings.home, NOW)
    return load


def text(settings: Settings, now: datetime = NOW) -> str:
    return status.as_text(status.look(settings), now)


def test_a_home_that_was_never_used_says_what_to_do_and_stays_empty(settings):
    assert "Nothing has been loaded yet. Begin with: flowledger nightly" in text(settings)
    assert list(settings.home.iterdir()) == []
    assert json.loads(status.to_json(status.look(settings)))["loaded"] is None


def test_it_works_while_a_run_holds_the_warehouse_and_the_lease(settings, con, load):
    held = Lease(settings.home, "nightly", print)
    held.take(timedelta(0))
    told = text(settings)
    held.let_go()
    assert "Writing now: " in told
    assert "Loaded up to 2026-11-23T00:00Z; 30 h ago." in told


def test_every_gap_is_shown_with_the_command_that_closes_it(settings, load):
    told = text(settings)
    command = "flowledger backfill --from 2026-11-21T00:00Z --to 2026-11-22T00:00Z"
    assert told.count(command) == 2


def test_it_names_all_that_a_person_should_know(settings, load):
    told = text(settings)
    for expected in (
        "warn: Fewer logs than usual",
        "1 open reject of run",
        "the oldest was created 40 days ago, more than 30 days",
        "2026-11-20 is mismatch against the source's totals: A run is missing.",
        "drift in runs: unknown novelty (string), 3 times since 2026-11-23T06:00Z, last just now, e.g. a",
        "Source: https://api.example, organisation org-1",
        load.load_id,
    ):
        assert expected in told
    assert "2026-11-21 is" not in told


def test_what_is_not_published_is_said_and_what_is_published_is_named(settings, load):
    assert "Nothing is published yet" in text(settings)
    settings.published.mkdir()
    manifest = {"version": "20261124T060000Z", "as_of": "2026-11-23T00:00Z", "complete": True, "files": []}
    (settings.published / "manifest.json").write_text(json.dumps(manifest))
    assert "Published: version 20261124T060000Z, as of 2026-11-23T00:00Z." in text(settings)


def test_the_json_holds_the_same_and_money_exactly(settings, load):
    loaded = json.loads(status.to_json(status.look(settings)))["loaded"]
    assert loaded["rows"]["logs"] == 1
    assert len(loaded["logs"]["gaps"]) == 1
    assert loaded["rejects"] == {"run": 1}
    assert loaded["loads"][0]["status"] == "done"
    assert Decimal(loaded["reconciliation"][0]["spend_there"]) == Decimal("0.2")


def test_a_window_is_loaded_when_no_part_of_it_is_missing(settings, load):
    known = status.look(settings)
    assert status.is_loaded(known, Window(D20, D20 + DAY))
    assert not status.is_loaded(known, Window(D20, D20 + 2 * DAY))
    assert not status.is_loaded(known, Window(D20 + 3 * DAY, D20 + 4 * DAY, logs=False))


def test_nothing_is_loaded_where_no_run_has_finished(settings):
    assert not status.is_loaded(status.look(settings), Window(D20, D20 + DAY))


def test_a_warehouse_without_a_nightly_says_so(settings, con):
    status.write_status(con, settings.home, NOW)
    told = text(settings)
    assert "No nightly run has finished yet" in told
    assert "Logs, by timestamp: none read yet" in told
    assert "nothing: all is well." in told


def test_the_file_is_private_and_no_other_is_left(settings, load):
    assert (settings.home / "status.json").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in settings.home.glob("*status*")} == {"status.json"}


def test_a_damaged_file_is_named(settings):
    (settings.home / "status.json").write_text("{")
    with pytest.raises(StorageError, match=r"status\.json cannot be read"):
        status.look(settings)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_freshness_is_told_in_words(age, words):
    assert status.ago(age) == words
