"""A night killed at any of its steps leaves whole commits and a whole version; the next night heals it (P1)."""

from __future__ import annotations

import signal

import pytest

from tests.crash.killed import halves, not_as_clean, torn

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
