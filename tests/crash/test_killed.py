"""A night killed at any of its steps leaves whole commits and a whole version; the next night heals it (P1)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.crash.killed import ROOT, content, halves, not_as_clean, torn

KILLED = -signal.SIGKILL

FIRST_NIGHT = [
    ("landed", 1),
    ("landed", 8),
    ("statement", 300),
    ("rename 000000002-000001-000001.json.pending", 1),
    ("staged", 1),
    ("staged", 2),
    ("before-commit", 1),
    ("before-commit", 2),
    ("after-commit", 1),
    ("after-commit", 2),
    ("before-manifest", 1),
]
NEXT_NIGHT = [
    ("statement", 250),
    ("before-commit", 3),
    ("after-commit", 3),
    ("before-rename-parquet", 1),
    ("before-rename-snapshot", 1),
    ("rename parquet", 1),
    ("before-rename-database", 1),
    ("before-manifest", 1),
    ("after-manifest", 1),
    ("rename status.json", 1),
]
CASES = [(False, *each) for each in FIRST_NIGHT] + [(True, *each) for each in NEXT_NIGHT]


def named(loaded, moment, nth):
    return f"{'next' if loaded else 'first'}-{moment.replace(' ', '-')}-{nth}"


@pytest.mark.parametrize(("loaded", "moment", "nth"), CASES, ids=[named(*case) for case in CASES])
def test_p1_a_killed_night_is_whole_commits_and_the_next_night_is_a_clean_one(world, tmp_path, loaded, moment, nth):
    world.begin(loaded=loaded)
    assert world.killed(moment, nth) == KILLED
    assert torn(world.home / "published") == []
    assert halves(world.home, world.truth, tmp_path / "copy") == []
    assert world.undisturbed() == 0
    assert not_as_clean(world) == []


REPLAY = (
    "import sys; from pipeline import moments; from pipeline.cli import main; from tests.crash.night import dying; "
)
DYING = "nth = int(sys.argv.pop()); moments.reached = dying(sys.argv.pop(), nth); "


@pytest.mark.parametrize(("moment", "nth"), [("after-commit", 2), ("before-manifest", 1)])
def test_p1_a_killed_replay_leaves_the_tables_as_they_were_and_the_next_one_ends(world, moment, nth):
    world.begin(loaded=True)
    before = content(world.home)

    def replay(dies, *where):
        command = [sys.executable, "-c", f"{REPLAY}{dies}main()", "replay", *where]
        told = {**os.environ, "FLOWLEDGER_HOME": str(world.home)}
        return subprocess.run(command, cwd=ROOT, env=told, check=False).returncode

    assert replay(DYING, moment, str(nth)) == KILLED
    assert torn(world.home / "published") == []
    assert content(world.home) == before
    assert replay("") == 0
    assert content(world.home) == before
    assert not list(world.home.glob("warehouse.replay.*"))
