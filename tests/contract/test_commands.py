"""Every command as a person types it, against the served sandbox: what it says, leaves and returns."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import duckdb
import pytest

from pipeline.sandbox import serve, truth
from pipeline.values import Window
from tests.command import NIGHT, UNTIL, WORLD, environment, flowledger
from tests.product import START, differences, dump, held, wanted

FIRST, SECOND = (f"{START + timedelta(days=n):%Y-%m-%d}" for n in (0, 1))
DAY = ("--from", FIRST, "--to", SECOND)
QUARTERS = [Window(*(START + timedelta(hours=h + n) for n in (0, 6))).key for h in (0, 6, 12, 18)]
PLANNED = {"report": "report", "reconcile": f"reconcile --from {FIRST} --to {SECOND}"}


@pytest.fixture(scope="module")
def box():
    with serve(WORLD) as served:
        yield served


@pytest.fixture
def empty(box, tmp_path):
    with environment(tmp_path / "home", box):
        yield tmp_path / "home"


def status():
    return json.loads(flowledger("status", "--json").out)


def windows_of(told):
    """The windows whose end was reported, in that order."""
    return re.findall(r"^backfill \[\d+/\d+\] (\S+): ", told.err, re.MULTILINE)


def count(table):
    told = flowledger("sql", f"SELECT count(*) AS n FROM {table}", "--format", "json")
    assert told.code == 0, told.said
    return json.loads(told.out)[0]["n"]


def test_nightly_loads_everything_publishes_and_says_what_it_did(loaded, night, box):
    told, real = night[1], truth(box.config)
    assert told.code == 0, told.said
    assert differences(held(loaded), wanted(real, box.config)) == []
    assert re.search(rf"^logs +{len(real.logs)} +0 +0 +0$", told.out, re.MULTILINE)
    assert f"Published: {loaded}/published/flowledger.duckdb" in told.out
    assert f"nightly [1/3] {FIRST}T00:00Z..{SECOND}T00:00Z: " in told.err
    assert count("runs") == len(real.runs)


def test_until_is_the_end_itself_and_becomes_the_watermark(loaded):
    assert status()["loaded"]["watermark"] == UNTIL


def test_without_until_a_night_ends_now_less_the_lag(box, tmp_path):
    today = datetime.now(UTC).date()
    with environment(tmp_path, box, FLOWLEDGER_START=f"{today - timedelta(days=1)}", FLOWLEDGER_LAG="20m"):
        before = datetime.now(UTC)
        assert flowledger("nightly", "--no-prefect").code == 0
        watermark = datetime.fromisoformat(status()["loaded"]["watermark"])
    assert before - timedelta(minutes=1) <= watermark + timedelta(minutes=20) <= datetime.now(UTC)


def test_an_end_in_the_future_is_done_and_warned_of(box, tmp_path):
    now = datetime.now(UTC)
    with environment(tmp_path, box, FLOWLEDGER_START=f"{now.date()}"):
        told = flowledger("nightly", "--no-prefect", "--until", f"{(now + timedelta(days=1)).date()}")
    assert told.code == 0
    assert "--until lies in the future" in told.err


def test_the_next_night_finds_nothing_new_and_is_fine(own):
    told = flowledger(*NIGHT)
    assert told.code == 0
    assert re.search(r"^logs +0 +0 +\d+ +0$", told.out, re.MULTILINE)


def test_what_was_tried_again_is_counted_in_the_summary_and_said_nowhere_else(tmp_path, caplog):
    with serve(WORLD) as busy, environment(tmp_path, busy):
        busy.configure(rate_limit_every=4, retry_after_seconds=0)
        told = flowledger("backfill", *DAY)
    assert told.code == 0
    assert re.search(r", [1-9]\d* tried again, ", told.out)
    assert len(told.err.splitlines()) == len(windows_of(told)) == 1
    assert [record for record in caplog.records if record.name == "stamina"] == []


def test_a_dry_run_shows_the_windows_asks_nothing_and_writes_nothing(empty, box):
    asked = len(box.requests)
    told = flowledger("backfill", *DAY, "--window", "6h", "--dry-run")
    assert (told.code, told.out.splitlines()[:4]) == (0, QUARTERS)
    assert "4 windows to load" in told.out
    assert len(box.requests) == asked
    assert not empty.exists()


def test_a_dry_run_needs_no_key(empty, monkeypatch):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    assert flowledger("backfill", *DAY, "--dry-run").code == 0


def test_backfill_loads_its_windows_newest_first_and_resumes_when_nothing_is_left(empty, box):
    command = ("backfill", *DAY, "--window", "6h")
    told = flowledger(*command, "--newest-first", "--concurrency", "1")
    assert (told.code, windows_of(told)) == (0, QUARTERS[::-1])
    assert count("logs") == sum(START <= log["timestamp"] < START + timedelta(days=1) for log in box_logs(box))
    assert status()["loaded"]["watermark"] is None

    asked = len(box.requests)
    again = flowledger(*command, "--resume")
    assert (again.code, windows_of(again), len(box.requests)) == (0, [], asked)
    assert "0 windows to load; 4 are already loaded" in flowledger(*command, "--resume", "--dry-run").out


def box_logs(box):
    return truth(box.config).logs.values()


def test_status_names_each_gap_with_the_command_that_closes_it(empty):
    for hours in (("00", "06"), ("18", "20")):
        first, last = (f"{FIRST}T{hour}:00Z" for hour in hours)
        assert flowledger("backfill", "--from", first, "--to", last).code == 0
    advice = set(re.findall(r"gap .*: flowledger (.*)$", flowledger("status").out, re.MULTILINE))
    assert advice == {f"backfill --from {FIRST}T06:00Z --to {FIRST}T18:00Z"}
    assert flowledger(*shlex.split(advice.pop())).code == 0
    assert flowledger("status").out.count("without a gap") == 2


def test_log_loads_one_line_with_its_run(empty, box):
    first, second = list(box_logs(box))[:2]
    assert flowledger("log", first["id"]).code == 0
    assert (count("logs"), count("runs")) == (1, 1)
    assert flowledger("log", second["id"], "--run-id", second["run_id"]).code == 0
    assert count("logs") == 2


def test_replay_rebuilds_what_was_there_without_key_and_network(own, box, monkeypatch):
    before, asked = dump(own), len(box.requests)
    monkeypatch.delenv("RUNFLOW_API_KEY")
    assert flowledger("replay").code == 0
    assert (dump(own), len(box.requests)) == (before, asked)
    assert flowledger("replay", *DAY).code == 0
    assert dump(own) == before


def test_publish_writes_one_portable_database(own, box, tmp_path, monkeypatch):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    target = tmp_path / "portable.duckdb"
    told = flowledger("publish", "--self-contained", target)
    assert told.code == 0
    assert str(target) in told.out
    moved = shutil.move(target, tmp_path / "elsewhere.duckdb")
    shutil.rmtree(own)
    with duckdb.connect(str(moved), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM logs").fetchall() == [(len(box_logs(box)),)]


def test_publish_accepts_a_check_by_its_name(own):
    told = flowledger("publish", "--accept", "null_key")
    assert told.code == 0
    assert "Accepted: findings of null_key" in told.out


def test_status_says_how_to_begin_while_nothing_is_loaded(empty):
    assert "Begin with: flowledger nightly" in flowledger("status").out
    assert status() == {"home": str(empty), "writing": None, "published": None, "loaded": None}
    assert not empty.exists()


def test_status_tells_rows_coverage_and_freshness(loaded, box):
    told, known, real = flowledger("status"), status(), truth(box.config)
    assert told.code == 0
    assert f"Loaded up to {UNTIL}" in told.out
    assert known["loaded"]["rows"]["logs"] == len(real.logs)
    assert known["loaded"]["logs"] == {"spans": [[f"{FIRST}T00:00:00Z", UNTIL]], "gaps": []}
    assert known["published"]["complete"] is True


def test_sql_prints_a_table_csv_or_json(loaded):
    query = "SELECT 'a, b' AS x, 1.50::DECIMAL(38,18) AS y, NULL AS z"
    assert flowledger("sql", query).out.split() == ["x", "y", "z", *["----", "---", "-"], "a,", "b", "1.5"]
    assert flowledger("sql", query, "--format", "csv").out.splitlines() == ["x,y,z", '"a, b",1.5,']
    assert json.loads(flowledger("sql", query, "--format", "json").out) == [{"x": "a, b", "y": "1.5", "z": None}]


def test_sql_works_where_there_is_no_key(loaded, monkeypatch):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    assert count("flows") > 0


@pytest.mark.parametrize("command", [PLANNED[name] for name in PLANNED if find_spec(f"pipeline.{name}") is None])
def test_a_planned_command_says_so_in_one_sentence(loaded, command):
    told = flowledger(*command.split())
    assert (told.code, told.out) == (2, "")
    assert "planned and not there yet" in told.err
    assert len(told.err.splitlines()) == 1


def test_doctor_offline_asks_nothing_and_leaves_a_report_to_share(own, box):
    asked = len(box.requests)
    told = flowledger("doctor", "--offline")
    assert (told.code, len(box.requests)) == (0, asked)
    assert "FLOWLEDGER_LOOKBACK" in told.out
    report = (own / "doctor-report.json").read_text(encoding="utf-8")
    assert str(own) not in report
    assert box.url not in report


def test_doctor_learns_how_the_api_behaves(own):
    told = flowledger("doctor")
    assert told.code == 0, told.said
    assert "The key is accepted" in told.out
