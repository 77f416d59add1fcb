"""The table of faults names tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import ROOT, read

NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read("docs/faults.md"))))


def test_there_is_a_table_of_faults():
    assert len(NAMED) > 20


@pytest.mark.parametrize(("path", "test"), NAMED, ids=[test for _, test in NAMED])
def test_every_test_that_the_table_of_faults_names_exists(path: str, test: str):
    assert f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8")
