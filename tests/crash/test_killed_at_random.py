"""Nights that are killed again and again at moments nobody chose heal in one undisturbed night (P1)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from itertools import count

import pytest

from tests.crash.killed import ROOT, halves, not_as_clean, torn
from tests.crash.night import AGES, START
from tests.product import NOW

KILLED = -signal.SIGKILL
HOMES, HOMES_SOON, KILLS = 6, 2, 5
BY_COUNT = 3


def killed_anywhere(world, rng, kill):
    """Kill a night at a statement or moment, or at a time, drawn by lot; says where."""
    where, most = ("any", world.reached.total()) if kill < BY_COUNT else ("after", world.seconds)
    how_much = most * rng.random()
    while world.killed(where, how_much) != KILLED:
        # It ended before it was to die: there was less to do than in the night that was measured.
        how_much /= 2
    return where, how_much


@pytest.mark.parametrize(
    "seed", [seed if seed < HOMES_SOON else pytest.param(seed, marks=pytest.mark.heavy) for seed in range(HOMES)]
)
def test_p1_one_undisturbed_night_heals_what_any_number_of_killed_ones_left(world, tmp_path, seed):
    rng = random.Random(seed)
    world.begin(loaded=seed % 2 == 1)
    for kill in rng.sample(range(KILLS), KILLS):
        where = killed_anywhere(world, rng, kill)
        assert (where, torn(world.home / "published")) == (where, [])
        assert (where, halves(world.home, world.truth, tmp_path / "copy")) == (where, [])
    assert world.undisturbed() == 0
    assert not_as_clean(world) == []


@pytest.fixture
def terminated(world, monkeypatch):
    """Start the command line's nightly; it is asked to end while the API answers its nth request."""

    def start(nth):
        told = {
            "RUNFLOW_API_KEY": "rf_live_sandbox",
            "RUNFLOW_API_URL": world.box.url,
            "FLOWLEDGER_HOME": str(world.home),
            "FLOWLEDGER_START": START.isoformat(),
            "FLOWLEDGER_RATE": "5000",
            "FLOWLEDGER_KEEP_RAW": f"{AGES.days}d",
        }
        until = (NOW + timedelta(seconds=1)).isoformat()
        code = "from pipeline.cli import main; main()"
        command = [sys.executable, "-c", code, "nightly", "--no-prefect", "--until", until]
        answer, asked = world.box.reply, count(1)

        def reply(*request):
            if next(asked) == nth:
                night.send_signal(signal.SIGTERM)
            return answer(*request)

        monkeypatch.setattr(world.box, "reply", reply)
        with subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **told}, stderr=subprocess.PIPE, text=True
        ) as night:
            words = night.communicate()[1]
        monkeypatch.undo()
        return night.returncode, words

    return start


def test_p1_a_night_that_is_asked_to_end_says_so_and_leaves_whole_commits(world, tmp_path, terminated):
    world.begin(loaded=False)
    code, words = terminated(9)
    assert code == 128 + signal.SIGTERM
    assert "Interrupted. What was in hand was rolled back" in words
    assert "Traceback" not in words
    assert torn(world.home / "published") == []
    assert halves(world.home, world.truth, tmp_path / "copy") == []
    assert world.undisturbed() == 0
    assert not_as_clean(world) == []
