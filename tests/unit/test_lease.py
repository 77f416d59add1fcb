"""One writer at a time, shown with real processes that talk over pipes."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from pipeline.errors import LeaseHeld
from pipeline.lease import Lease, hold_lease, is_held, owner

HOLD = """
import sys
from datetime import timedelta
from pathlib import Path
from pipeline.lease import hold_lease
with hold_lease(Path(sys.argv[1]), timedelta(seconds=float(sys.argv[2])), command=sys.argv[3]) as held:
    print("held", flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        if line.strip() == "waits?":
            print(held.somebody_waits(), flush=True)
        if line.strip() == "give way":
            print(held.yield_to_waiting(), flush=True)
print("ended", flush=True)
"""


class Other:
    """Another process that wants the lease."""

    def __init__(self, home, wait, command):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home), str(wait), command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hears(self):
        return self.process.stdout.readline().strip()

    def warns(self):
        return self.process.stderr.readline().strip()

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


@contextmanager
def other(home, wait=0.0, command="nightly"):
    started = Other(home, wait, command)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


def test_a_second_run_is_refused_and_told_who_writes(tmp_path):
    with other(tmp_path, command="backfill") as first:
        assert first.hears() == "held"
        with (
            pytest.raises(LeaseHeld, match=rf"backfill, process {first.process.pid} on .*, since ") as refused,
            hold_lease(tmp_path, timedelta(0), command="nightly"),
        ):
            pass
        assert refused.value.exit_code == 4


def test_a_second_run_says_once_that_it_waits_and_goes_on_when_the_first_ends(tmp_path):
    with other(tmp_path) as first:
        assert first.hears() == "held"
        with other(tmp_path, wait=60, command="backfill") as second:
            assert second.warns().startswith(f"Waiting for another run (nightly, process {first.process.pid} on ")
            first.tell("end")
            assert second.hears() == "held"
            second.tell("end")
            assert second.hears() == "ended"
            assert second.process.stderr.read() == ""


def test_waiting_ends_with_an_error_when_the_first_run_stays(tmp_path):
    with other(tmp_path) as first:
        assert first.hears() == "held"
        lines = []
        with (
            pytest.raises(LeaseHeld, match=r"still writing after 0\.2 seconds.*FLOWLEDGER_WAIT"),
            hold_lease(tmp_path, timedelta(seconds=0.2), command="nightly", say=lines.append),
        ):
            pass
        assert len(lines) == 1


def test_a_killed_owner_leaves_nothing_behind(tmp_path):
    with other(tmp_path) as first:
        assert first.hears() == "held"
        first.process.kill()
        first.process.wait()
        assert not is_held(tmp_path)
        with hold_lease(tmp_path, timedelta(0), command="nightly"):
            assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_a_killed_waiter_is_not_seen_any_more(tmp_path):
    with hold_lease(tmp_path, timedelta(0), command="backfill") as held:
        assert not held.somebody_waits()
        with other(tmp_path, wait=60) as second:
            assert second.warns()
            assert held.somebody_waits()
            second.process.kill()
            second.process.wait()
            assert not held.somebody_waits()


def test_giving_way_to_nobody_keeps_the_lease(tmp_path):
    with hold_lease(tmp_path, timedelta(0), command="backfill") as held:
        assert held.yield_to_waiting() is False
        assert is_held(tmp_path)


def test_a_backfill_gives_way_between_windows_and_gets_the_lease_back(tmp_path):
    with other(tmp_path, command="backfill") as backfill:
        assert backfill.hears() == "held"
        with other(tmp_path, wait=60) as nightly:
            assert nightly.warns()
            backfill.tell("waits?")
            assert backfill.hears() == "True"
            backfill.tell("give way")
            assert nightly.hears() == "held"
            assert "nightly" in owner(tmp_path)
            nightly.tell("end")
            assert nightly.hears() == "ended"
            assert backfill.hears() == "True"
            assert "backfill" in owner(tmp_path)


def test_a_run_that_is_asked_to_end_does_not_wait_for_the_other(tmp_path):
    waiting, refused = Lease(tmp_path, "backfill", lambda _: waiting.give_up()), []

    def wait():
        try:
            waiting.take(None)
        except LeaseHeld as error:
            refused.append(error)

    with hold_lease(tmp_path, timedelta(0), command="nightly"):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_two_threads_of_one_process_cannot_both_write(tmp_path):
    """The lock belongs to the open file, not to the process number: in a container every process is number 1."""
    refused = []

    def second():
        try:
            with hold_lease(tmp_path, timedelta(0), command="nightly"):
                pass
        except LeaseHeld as error:
            refused.append(error)

    with hold_lease(tmp_path, timedelta(0), command="backfill"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_the_lease_is_free_after_an_error_in_its_block(tmp_path):
    with pytest.raises(RuntimeError), hold_lease(tmp_path, timedelta(0), command="nightly"):
        raise RuntimeError
    assert not is_held(tmp_path)
    assert not (tmp_path / "lease.json").exists()


def test_looking_whether_it_is_held_makes_nothing_in_an_unused_home(tmp_path):
    assert not is_held(tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_somebody_who_only_looks_never_makes_a_run_fail(tmp_path):
    stop = threading.Event()

    def look():
        while not stop.is_set():
            is_held(tmp_path)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(200):
            with hold_lease(tmp_path, timedelta(0), command="nightly"):
                pass
    finally:
        stop.set()
        thread.join()
