"""Commands that are started together: real processes, one API, one home; one writes, the others wait or are told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from threading import Event
from types import SimpleNamespace

import pytest

from pipeline import landing, warehouse
from pipeline.sandbox import serve, truth
from tests.command import KEY, NIGHT, UNTIL, WORLD, environment, flowledger
from tests.crash.killed import ROOT
from tests.product import START, differences, held, nightly, settings_for, wanted

BACKFILL = ("backfill", "--no-prefect", "--from", START.isoformat(), "--to", UNTIL, "--window")
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture(scope="module")
def box():
    with serve(replace(WORLD, runs_per_day=6)) as served:
        yield served


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def start(box, home, tmp_path):
    """Start a command as a process of its own; what it says goes to the file `told`. None outlives the test."""
    started = []

    def begin(*arguments, inside=(), wait="5m"):
        told = tmp_path / f"told-{len(started)}"
        code = "from pipeline.cli import main; main()"
        with environment(home, box, FLOWLEDGER_WAIT=wait), told.open("w") as out:
            process = subprocess.Popen(
                [*inside, sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
            )
        started.append(process)
        process.told = told
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@contextmanager
def held_at(box, nth):
    """The API gives its nth answer only when told to go on: `asked` is set when it is due."""
    gate = SimpleNamespace(asked=Event(), go_on=Event(), number=0)
    answer = box.reply

    def reply(*request):
        gate.number += 1
        if gate.number == nth:
            gate.asked.set()
            gate.go_on.wait()
        return answer(*request)

    box.reply = reply
    try:
        yield gate
    finally:
        box.reply = answer
        gate.go_on.set()


def until(holds):
    """Look until it is so; the test's own timeout ends it otherwise."""
    while not holds():
        Event().wait(0.01)


def waits(process):
    return "Waiting for another run (" in process.told.read_text()


def ended_well(process):
    assert process.wait() == 0, process.told.read_text()
    return True


def loads(home):
    """Command and status of every load, in order."""
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return con.execute("SELECT command, status FROM warehouse.ledger.loads ORDER BY number").fetchall()


def not_the_truth(home, box):
    return differences(held(home), wanted(truth(box.config), box.config))


def test_three_that_start_at_once_write_one_after_the_other_and_all_end_well(box, home, start):
    with held_at(box, 1) as gate:
        three = [start(*NIGHT), start(*BACKFILL, "1d"), start(*NIGHT)]
        gate.asked.wait()
        until(lambda: sum(map(waits, three)) == 2)
        assert sum(not waits(each) for each in three) == 1
        gate.go_on.set()
        assert [ended_well(each) for each in three] == [True] * 3
    assert sorted(loads(home)) == [("backfill", "done"), ("nightly", "done"), ("nightly", "done")]
    assert not_the_truth(home, box) == []


def test_one_that_may_not_wait_is_told_who_writes_and_a_killed_owner_leaves_nothing(box, home, start):
    with held_at(box, 6) as gate:
        first = start(*NIGHT)
        gate.asked.wait()
        second = start(*BACKFILL, "1d", wait="0s")
        assert second.wait() == 4
        assert second.told.read_text().startswith(
            f"Another run (nightly, process {first.pid} on {socket.gethostname()}, since "
        )
        assert second.told.read_text().endswith("is writing. Try again when it has ended.\n")
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        gate.go_on.set()
    assert (home / "lease.json").exists()
    with environment(home, box, FLOWLEDGER_WAIT="0s"):
        assert json.loads(flowledger("status", "--json").out)["writing"] is None
        assert flowledger(*NIGHT).code == 0
    assert loads(home) == [("nightly", "interrupted"), ("nightly", "done")]
    assert not_the_truth(home, box) == []


def test_a_long_backfill_lets_the_nightly_in_between_two_windows_and_both_are_complete(box, home, start):
    with held_at(box, 14) as gate:
        backfill = start(*BACKFILL, "6h")
        gate.asked.wait()
        night = start(*NIGHT)
        until(lambda: waits(night))
        assert "another run (backfill, process " in night.told.read_text()
        gate.go_on.set()
        assert ended_well(night)
        assert ended_well(backfill)
    order = [number for number, _ in groupby(record.load_number for record in landing.records(home / "raw"))]
    assert order == [1, 2, 1], "the night was not let in between two windows"
    assert loads(home) == [("backfill", "done"), ("nightly", "done")]
    assert not_the_truth(home, box) == []


@pytest.fixture(scope="module")
def _containers():
    tried = subprocess.run([*CONTAINER, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no process namespaces here: {tried.stderr.strip()}")


@pytest.mark.usefixtures("_containers")
def test_where_every_process_is_number_1_one_writes_and_a_container_that_is_killed_lets_go(box, home, start):
    with held_at(box, 6) as gate:
        first = start(*NIGHT, inside=CONTAINER)
        gate.asked.wait()
        assert json.loads((home / "lease.json").read_text())["pid"] == 1
        second = start(*BACKFILL, "1d", inside=CONTAINER, wait="0s")
        assert second.wait() == 4
        assert "Another run (nightly, process 1 on " in second.told.read_text()
        third = start(*NIGHT, inside=CONTAINER)
        until(lambda: waits(third))
        first.kill()
        first.wait()
        gate.go_on.set()
        assert ended_well(third)
    assert loads(home) == [("nightly", "interrupted"), ("nightly", "done")]
    assert not_the_truth(home, box) == []


@pytest.fixture(scope="module")
def loaded(box, tmp_path_factory):
    home = tmp_path_factory.mktemp("loaded") / "home"
    assert nightly(settings_for(box, home, api_key=KEY)).exit_code == 0
    return home


ALIVE = {"command": "nightly", "pid": os.getpid(), "host": socket.gethostname(), "since": "2025-11-20T12:00:00Z"}
LEFT = {
    "a process of that number lives again": (json.dumps(ALIVE), 0),
    "every process is number 1": (json.dumps({**ALIVE, "pid": 1}), 0),
    "since a time to come": (json.dumps({**ALIVE, "since": "2099-01-01T00:00:00Z"}), 70),
    "since long ago": (json.dumps({**ALIVE, "since": "1970-01-01T00:00:00Z"}), -40),
    "half of it": (json.dumps(ALIVE)[:20], 0),
    "nothing": ("", 70),
    "something else": ("[1, 2]", -40),
}


@pytest.mark.parametrize("left", LEFT)
def test_what_a_dead_owner_left_blocks_nobody_whatever_the_clock_says(box, loaded, tmp_path, left):
    home = shutil.copytree(loaded, tmp_path / "home", symlinks=True)
    told, years = LEFT[left]
    (home / "lease.json").write_text(told, encoding="utf-8")
    when = (home / "lease").stat().st_mtime + years * timedelta(days=365).total_seconds()
    for name in ("lease", "lease.json", "lease.waiting"):
        (home / name).touch()
        os.utime(home / name, (when, when))
    with environment(home, box, FLOWLEDGER_WAIT="0s"):
        assert json.loads(flowledger("status", "--json").out)["writing"] is None
        assert flowledger("rejects", "list").code == 0
    assert not (home / "lease.json").exists()
