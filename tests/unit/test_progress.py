"""Progress: a bar on a terminal, plain lines elsewhere; and tables that line up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.progress import shown, summary, table
from pipeline.values import Finding, Merged, Outcome, Step, Window

DAY = Window(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC) + timedelta(days=1))


def steps():
    with shown("backfill") as report:
        report(Step(1, 3, DAY, 1200, 30))
        report(Step(2, 3, DAY, 0, 0, "the API did not answer"))


def test_a_log_file_gets_one_plain_line_per_window(capsys):
    steps()
    assert capsys.readouterr().err.splitlines() == [
        "backfill [1/3] 2026-11-22T00:00Z..2026-11-23T00:00Z: 1,200 logs, 30 runs",
        "backfill [2/3] 2026-11-22T00:00Z..2026-11-23T00:00Z: failed: the API did not answer",
    ]


def test_a_terminal_gets_a_bar_with_what_is_left_and_the_failures_above_it(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    steps()
    told = capsys.readouterr()
    assert told.out == ""
    assert "2/3" in told.err
    assert "left" in told.err
    assert "failed: the API did not answer" in told.err


@pytest.mark.parametrize(
    ("code", "published", "told"),
    [(0, "v1", "nightly: done"), (3, "v1", "findings that are new"), (1, None, "Nothing new was published")],
)
def test_the_summary_says_how_it_ended_and_where_to_look(code, published, told):
    outcome = Outcome(
        "nightly", "load", code, 1, (("w", "why"),) if code == 1 else (), {"runs": Merged(2, 1)},
        (Finding("c", "warn", "what to know"),), published=published,
    )  # fmt: skip
    text = summary(outcome, Path("home"))
    assert told in text
    assert "what to know" in text
    assert ("flowledger.duckdb" in text) == (published is not None)


def test_numbers_stand_to_the_right_and_exact():
    rows = [{"name": "a", "n": 1200, "usd": Decimal("0.10")}, {"name": "bb", "n": 3, "usd": None}]
    assert table(rows).splitlines()[2:] == ["a     1,200  0.10", "bb        3"]
