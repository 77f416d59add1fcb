"""Homes that one night has filled, for the tests of commands; each file serves its own `box`."""

from __future__ import annotations

import shutil

import pytest

from tests.command import NIGHT, environment, flowledger


@pytest.fixture(scope="module")
def night(box, tmp_path_factory):
    """The home of one night, and what the night said. Tests may look at it, not change it."""
    home = tmp_path_factory.mktemp("night") / "home"
    with environment(home, box):
        return home, flowledger(*NIGHT)


@pytest.fixture
def loaded(box, night):
    with environment(night[0], box):
        yield night[0]


@pytest.fixture
def own(box, night, tmp_path):
    """A copy of the home, for tests that change it."""
    home = shutil.copytree(night[0], tmp_path / "home", symlinks=True)
    with environment(home, box):
        yield home
