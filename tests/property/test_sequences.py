"""P2 and P4 over whole lives: any sequence of nights, backfills, replays, crashes and changes ends in the same tables.

`TEST_SEQUENCES` is how many sequences are drawn; where it is given they are new ones each time.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import pytest
import stamina
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pipeline.sandbox import Fault
from tests.product import START
from tests.property.journey import DAY, HOUR, POISON, Journey

DRAWN = os.environ.get("TEST_SEQUENCES")
SEQUENCES = int(DRAWN or 2)
STEPS = 14 if DRAWN else 6
LAST_DAY = START + 8 * DAY

SHAPES = [
    {},
    {"embed_node_runs": "mixed", "embed_flow": "mixed", "embed_model": "mixed", "log_run": "mixed"},
    {"runs_embed": False, "embed_node_runs": "null"},
    {"grammar": "ignore"},
    {"grammar": "ignore", "sort": "unordered"},
    {"filter_precision": "day", "disorder": 0.3, "repeat_rows": 2},
    {"equal_timestamps": 3600.0},
    {"cursor_expires_after": 2, "cursor_expires_times": 2},
    {"long_runs": 0.4, "long_run_days": 2.0},
    {"signing": "page", "decimals": "mixed", "zone": "mixed"},
    {"log_ids": "v7", "run_ids": "random"},
]
SOURCES = [
    {},
    {"late_logs": 0.4, "late_by": 20 * 3600.0},
    {"gone_runs": 0.3},
    {"late_changes": 0.5, "late_change_hours": 10.0, "feedback": 0.8},
    {"changes_after_days": 1.2, "price_rule_vanishes_after_days": 2.2},
]
COMMANDS = ["nightly", "backfill", "replay"]
MOMENTS = [
    "landed", "staged", "before-commit", "after-commit", "before-rename-parquet", "before-rename-snapshot",
    "before-rename-database", "before-manifest", "after-manifest",
]  # fmt: skip
FAULTS = [("status", 503), ("status", 401), ("reset", 0), ("cut", 0), ("html", 200), ("redirect", 302)]
KINDS = ["logs", "runs", "flows", "pricing", "node_runs", ""]
edges = st.tuples(st.integers(0, 99), st.sampled_from([-1, 0, 1]))


@pytest.fixture(autouse=True, scope="module")
def _no_waiting():
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


class Sequences(RuleBasedStateMachine):
    """What may happen to a home, in any order."""

    def __init__(self):
        super().__init__()
        self.way = None

    @initialize(seed=st.integers(0, 999), shape=st.sampled_from(SHAPES), source=st.sampled_from(SOURCES))
    def a_world(self, seed, shape, source):
        self.way = Journey({"seed": seed, **shape, **source})
        Journey.tried["sequences"] += 1

    @precondition(lambda self: self.way.now < LAST_DAY)
    @rule(hours=st.sampled_from([1, 7, 24, 31, 60]))
    def the_clock_moves_on(self, hours):
        self.way.move(timedelta(hours=hours))

    @rule()
    def a_night(self):
        self.way.does("nightly", self.way.night, self.way.good())

    @rule(until=edges)
    def a_night_until_the_time_of_a_row(self, until):
        end = self.way.edge(*until)
        self.way.does("nightly", lambda: self.way.night(end), self.way.good())

    @rule(fault=st.sampled_from(FAULTS), where=st.sampled_from(KINDS), after=st.integers(0, 9))
    def a_night_that_fails(self, fault, where, after):
        kind, status = fault
        self.way.struck(Fault(kind=kind, status=status, where=where, after=after, times=0), self.way.night)

    @rule(
        span=st.tuples(edges, edges),
        hours=st.sampled_from([3, 10, 24, 200]),
        newest_first=st.booleans(),
        resume=st.booleans(),
    )
    def a_backfill(self, span, hours, newest_first, resume):
        start, end = sorted(self.way.edge(*edge) for edge in span)
        if start < end:
            work = lambda: self.way.backfill(  # noqa: E731  it is run once, here
                start, end, timedelta(hours=hours), newest_first=newest_first, resume=resume
            )
            self.way.does("backfill", work, self.way.good())

    @precondition(lambda self: (self.way.settings.raw / "records").exists())
    @rule(span=st.none() | st.tuples(edges, edges))
    def a_replay(self, span):
        if span is None:
            self.way.nothing_changes("replay", self.way.replay)
        else:
            start, end = sorted(self.way.edge(*edge) for edge in span)
            self.way.nothing_changes("replay of a part", lambda: self.way.replay(start, end))

    @precondition(lambda self: self.way.settings.warehouse.exists())
    @rule()
    def rejects_are_read_again(self):
        self.way.does("rejects replay", self.way.replay_rejects, (0, 3))

    @rule(command=st.sampled_from(COMMANDS), moment=st.sampled_from(MOMENTS), nth=st.integers(1, 4))
    def a_crash(self, command, moment, nth):
        if command == "replay" and not (self.way.settings.raw / "records").exists():
            return
        work = {
            "nightly": self.way.night,
            "backfill": lambda: self.way.backfill(START, self.way.now, DAY),
            "replay": self.way.replay,
        }[command]
        self.way.killed(moment, nth, work)

    @rule(kind=st.sampled_from(POISON), every=st.sampled_from([0, 2, 7]), changed=st.sampled_from([0.0, 0.5]))
    def the_source_changes(self, kind, every, changed):
        """Some of its rows are poison from now on, and ended runs say something else."""
        self.way.becomes(poison=(kind,) if every else (), poison_every=every or 1, late_changes=changed)

    @invariant()
    def nothing_is_astray(self):
        if self.way is not None:
            Journey.tried["steps"] += 1
            assert self.way.astray() == []

    def teardown(self):
        if self.way is None:
            return
        try:
            # A sequence that has failed is over; it is this way too that it ends.
            if sys.exception() is None:
                self.way.comes_home()
                assert self.way.astray() == []
                assert self.way.not_home() == []
        finally:
            self.way.end()


def test_p2_a_life_with_one_of_everything_ends_in_the_tables_of_one_clean_night():
    way = Journey({"seed": 11, "late_logs": 0.4, "late_by": 20 * 3600.0, "late_changes": 0.5, "feedback": 0.8})
    events = [
        lambda: way.does("backfill", lambda: way.backfill(START, way.edge(9, 0), 5 * HOUR, newest_first=True)),
        lambda: way.does("nightly", lambda: way.night(way.edge(7, 1))),
        lambda: way.killed("before-commit", 2, way.night),
        lambda: way.move(31 * HOUR),
        lambda: way.struck(Fault(kind="status", status=503, where="logs", after=6, times=0), way.night),
        lambda: way.becomes(poison=("run:bad-cost",), poison_every=2, late_changes=0.0),
        lambda: way.does("nightly", way.night, way.good()),
        lambda: way.nothing_changes("replay", way.replay),
        lambda: way.becomes(poison=(), late_changes=0.5),
        lambda: way.move(20 * HOUR),
        lambda: way.killed("before-manifest", 1, way.night),
        lambda: way.killed("after-commit", 2, way.replay),
        lambda: way.nothing_changes("replay of a part", lambda: way.replay(way.edge(3, 0), way.edge(30, 1))),
    ]
    try:
        for number, event in enumerate(events):
            event()
            assert (number, way.astray()) == (number, [])
        way.poisoned = False
        way.comes_home()
        assert way.not_home() == []
    finally:
        way.end()


@pytest.mark.heavy
@pytest.mark.timeout(0 if DRAWN else 180)
def test_p2_any_sequence_of_events_ends_in_the_tables_of_one_clean_night():
    try:
        run_state_machine_as_test(
            Sequences,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=STEPS,
                derandomize=not DRAWN,
                database=None,
                deadline=None,
                # A sequence takes seconds: one that fails is told as it is, without a search for the shortest.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        print(dict(sorted(Journey.tried.items())))  # noqa: T201  a long run says what it has tried
