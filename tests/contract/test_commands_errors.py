"""Commands that cannot do what they are asked: the exit code, a sentence that helps, and nothing half done."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from threading import Event, Thread

import pytest
import stamina

from pipeline.sandbox import serve
from tests.command import KEY, NIGHT, WORLD, environment, flowledger
from tests.product import START

DAY = ("--from", f"{START:%Y-%m-%d}", "--to", f"{START.replace(day=START.day + 1):%Y-%m-%d}")
UNKNOWN_ID = "0199f3c2-7d1e-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="module")
def served():
    with serve(WORLD) as box:
        yield box


@pytest.fixture
def box(served):
    """The sandbox, without the faults of the test before."""
    yield served
    served.configure(**{name: getattr(WORLD, name) for name in ("page_cap", "cursor_repeats_after", "stall_every")})


@pytest.fixture
def home(box, tmp_path):
    """A home that does not exist yet."""
    with environment(tmp_path / "home", box):
        yield tmp_path / "home"


@pytest.fixture(scope="module")
def loaded_once(served, tmp_path_factory):
    home = tmp_path_factory.mktemp("night") / "home"
    with environment(home, served):
        assert flowledger(*NIGHT).code == 0
    return home


@pytest.fixture
def loaded(loaded_once, box):
    """The home of one night. What fails here must leave it as it is."""
    with environment(loaded_once, box):
        yield loaded_once


def refused(told, code, *words):
    """Nothing on stdout, one or two lines on stderr that hold these words."""
    assert (told.code, told.out) == (code, ""), told.said
    assert 1 <= len(told.err.strip().splitlines()) <= 3, told.err
    assert [word for word in words if word not in told.err] == []


WRONG = [
    ("nightly --until yesterday", "--until is 'yesterday'"),
    ("nightly --until 2026-11-20T12:00", "offset"),
    (f"backfill --from {DAY[3]} --to {DAY[1]}", "the end is exclusive"),
    (f"backfill --from {DAY[1]} --to {DAY[1]}", "the end is exclusive"),
    (f"backfill --from {DAY[3]} --to {DAY[1]} --dry-run", "the end is exclusive"),
    (f"backfill {' '.join(DAY)} --window 6x", "--window is '6x'"),
    (f"backfill {' '.join(DAY)} --window 0h", "above 0"),
    (f"replay --from {DAY[3]} --to {DAY[1]}", "the end is exclusive"),
    ("log 17", "LOG_ID is '17'"),
    (f"log {UNKNOWN_ID} --run-id 17", "--run-id is '17'"),
    ("publish", "nothing to publish"),
    ("check", "nothing to check"),
    ("publish --accept no_such_check", "unique_key"),
    ("publish --self-contained /no/such/folder/a.duckdb", "does not exist"),
    ("sql SELECT", "Nothing is published"),
    ("rejects list", "nothing was rejected"),
    (f"reconcile --from {DAY[3]} --to {DAY[1]}", "the end is exclusive"),
    ("serve --timezone Mars/Olympus", "Europe/Berlin"),
]


@pytest.mark.parametrize(("command", "word"), WRONG, ids=[command for command, _ in WRONG])
def test_wrong_usage_is_2_says_what_to_write_and_touches_nothing(home, box, command, word):
    asked = len(box.requests)
    refused(flowledger(*command.split()), 2, word)
    assert len(box.requests) == asked
    assert not home.exists()


@pytest.mark.parametrize("command", ["", "rejects", "fetch", "backfill", "sql x --format xml", "demo --days 0"])
def test_a_command_that_cannot_be_parsed_is_2(home, command):
    assert flowledger(*command.split()).code == 2
    assert not home.exists()


CONFIGURATION = [
    ("RUNFLOW_API_URL", "http://api.example.com", "clear"),
    ("RUNFLOW_API_URL", "ftp://api.example.com", "https://"),
    ("RUNFLOW_API_KEY", "two words", "characters"),
    ("FLOWLEDGER_RATE", "fast", "FLOWLEDGER_RATE"),
    ("FLOWLEDGER_LAG", "15", "15m"),
    ("FLOWLEDGER_START", "soon", "FLOWLEDGER_START"),
    ("FLOWLEDGER_PRIVACY", "no", "drop, hash, keep"),
]


@pytest.mark.parametrize(("name", "value", "word"), CONFIGURATION)
def test_a_wrong_setting_is_2_and_names_the_variable(home, monkeypatch, name, value, word):
    monkeypatch.setenv(name, value)
    refused(flowledger(*NIGHT), 2, word)
    assert not home.exists()


@pytest.mark.parametrize("command", [NIGHT, ("backfill", *DAY), ("log", UNKNOWN_ID), ("serve",)], ids=lambda c: c[0])
def test_without_a_key_it_is_2_and_the_way_to_the_demo_is_shown(home, monkeypatch, command):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    refused(flowledger(*command), 2, "RUNFLOW_API_KEY_FILE", "flowledger demo")
    assert not home.exists()


def test_doctor_without_a_key_is_2_and_looks_at_the_machine(home, monkeypatch):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    told = flowledger("doctor")
    assert told.code == 2
    assert "no key: set RUNFLOW_API_KEY" in told.out


def test_the_key_may_come_from_a_file(home, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text(f"{KEY}\n", encoding="utf-8")
    monkeypatch.delenv("RUNFLOW_API_KEY")
    monkeypatch.setenv("RUNFLOW_API_KEY_FILE", str(tmp_path / "secret"))
    refused(flowledger("log", UNKNOWN_ID), 1, f"no log {UNKNOWN_ID}")
    monkeypatch.setenv("RUNFLOW_API_KEY_FILE", str(tmp_path / "elsewhere"))
    refused(flowledger("log", UNKNOWN_ID), 2, "RUNFLOW_API_KEY_FILE cannot be read")


def test_a_key_that_is_refused_is_1_and_not_repeated(loaded, monkeypatch):
    monkeypatch.setenv("RUNFLOW_API_KEY", "rf_live_somebodyElse42")
    for command in (NIGHT, ("backfill", *DAY), ("log", UNKNOWN_ID)):
        told = flowledger(*command)
        refused(told, 1, "did not accept the key", "Set RUNFLOW_API_KEY")
        assert "somebodyElse42" not in told.said


def test_replay_without_landed_pages_is_2(home):
    refused(flowledger("replay"), 2, "no landed pages")


def test_a_log_that_does_not_exist_is_1(loaded):
    refused(flowledger("log", UNKNOWN_ID), 1, f"There is no log {UNKNOWN_ID}")


WRONG_SQL = ["SELEC 1", "SELECT x FROM no_such_table", "DELETE FROM runs", "CREATE TABLE t (x INT)", "COPY runs TO 'x'"]


@pytest.mark.parametrize("query", [*WRONG_SQL, "SELECT * FROM '/etc/passwd'", ""])
def test_sql_that_is_wrong_or_more_than_a_question_is_2(loaded, query):
    refused(flowledger("sql", query), 2)


def test_an_unknown_reject_is_2(loaded):
    refused(flowledger("rejects", "show", "nobody"), 2, "flowledger rejects list")
    refused(flowledger("rejects", "discard", "nobody"), 2, "flowledger rejects list")


def test_another_source_is_2_until_it_is_accepted(box, tmp_path):
    with environment(tmp_path, box) as patch:
        assert flowledger("backfill", *DAY).code == 0
        patch.setenv("RUNFLOW_ORGANIZATION_ID", "another")
        refused(flowledger("backfill", *DAY), 2, "organisation another", "--accept-source")
        assert flowledger("backfill", *DAY, "--resume", "--accept-source").code == 0
        assert flowledger("backfill", *DAY, "--resume").code == 0


@pytest.mark.parametrize(
    "command",
    [NIGHT, ("backfill", *DAY), ("log", UNKNOWN_ID), ("replay",), ("publish",), ("rejects", "list")],
    ids=lambda command: command[0],
)
def test_while_another_run_is_writing_it_is_4_and_status_and_sql_still_answer(loaded, monkeypatch, command):
    monkeypatch.setenv("FLOWLEDGER_WAIT", "0s")
    descriptor = os.open(loaded / "lease", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        refused(flowledger(*command), 4, "is writing", "Try again")
        assert "Writing now" in flowledger("status").out
        assert flowledger("sql", "SELECT 1 AS one").code == 0
    finally:
        os.close(descriptor)


def test_a_window_that_fails_is_1_and_readers_keep_what_they_have(loaded, box):
    manifest = (loaded / "published" / "manifest.json").read_bytes()
    box.configure(page_cap=7, cursor_repeats_after=1)
    told = flowledger(*NIGHT)
    assert told.code == 1
    assert "Nothing new was published" in told.out
    assert "named before" in told.out
    assert "failed: " in told.err
    assert (loaded / "published" / "manifest.json").read_bytes() == manifest
    assert "The last load failed and was not published." in flowledger("status").out


def test_findings_that_are_new_are_3_and_published(box, tmp_path):
    with serve(WORLD) as odd, environment(tmp_path, odd):
        odd.configure(unknown_status=0.2)
        told = flowledger(*NIGHT)
        assert told.code == 3
        assert "status_unknown" in told.out
        assert json.loads(flowledger("status", "--json").out)["published"]["complete"] is True


def test_a_warehouse_that_is_none_is_1(home):
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes(b"not a database" * 1000)
    assert flowledger(*NIGHT).code == 1


def test_a_home_that_is_a_file_is_1(home):
    home.write_bytes(b"")
    refused(flowledger(*NIGHT), 1, str(home))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_night_with_its_code_and_leaves_the_lease(home, box, number, code):
    box.configure(stall_every=1)

    def interrupt():
        deadline = time.monotonic() + 30
        while not (home / "lease.json").exists() and time.monotonic() < deadline:
            Event().wait(0.01)
        os.kill(os.getpid(), number)

    thread = Thread(target=interrupt)
    thread.start()
    told = flowledger(*NIGHT)
    thread.join()
    refused(told, code, "rolled back")
    assert json.loads(flowledger("status", "--json").out)["writing"] is None
