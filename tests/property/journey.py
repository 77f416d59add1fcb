"""One home and one API on a journey: nights, backfills, replays, crashes, a source that changes, and the way home.

What the home may hold at every stop, and what it must hold in the end, is said by `astray` and `not_home`: sentences,
none where all is well.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

from pipeline import ledger, moments, warehouse, windows
from pipeline.errors import FlowledgerError
from pipeline.rejects import replay_rejects
from pipeline.replay import run_replay
from pipeline.sandbox import Fault, serve, truth
from pipeline.tables import TABLES
from tests.crash.killed import _open_runs_astray, _rows_of_no_commit
from tests.product import (
    SMALL,
    START,
    _without_lineage,
    backfill,
    differences,
    dump,
    held,
    nightly,
    settings_for,
    wanted,
)

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
WORLD = replace(SMALL, runs_per_day=4, logs_per_run=4, flows=2, page_cap=5, no_logs=0.2, now=START + DAY)
EVENT = {"logs": "timestamp", "runs": "created_at"}
NOTHING_GOES = {"gone_runs": 0.0, "price_rule_vanishes_after_days": 0.0}
# A bad id or a bad object of these kinds still tells which row it was.
POISON = (
    "log:bad-uuid",
    "log:naive-timestamp",
    "log:wrong-type",
    "run:bad-cost",
    "run:wrong-type",
    "node_run:bad-cost",
)
POISON_ID = 13


class Killed(BaseException):
    """The process ends here."""


class Journey:
    """The home, the API and the clock. tried: what was done on all journeys, by name and how it ended."""

    tried: ClassVar[Counter[str]] = Counter()

    def __init__(self, switches, lookback=DAY):
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="journey-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.home = self.folder / "home"
        self.box = self._stack.enter_context(serve(replace(WORLD, **switches)))
        self.settings = settings_for(self.box, self.home, lookback=lookback, lag=timedelta(0))
        self.now = WORLD.now
        self.mark = None
        self.poisoned = False

    def end(self):
        self._stack.close()

    def move(self, step):
        self.now += step
        self.box.configure(now=self.now)

    def becomes(self, **switches):
        """The source is another one from now on."""
        self.poisoned |= bool(switches.get("poison"))
        self.box.configure(**switches)

    def truth(self, **switches):
        return truth(replace(self.box.config, **switches))

    def edge(self, number, ticks):
        """A moment on, just before or just after the time of a row, not in the future."""
        there = self.truth()
        times = sorted(
            {row["timestamp"] for row in there.logs.values()} | {r["created_at"] for r in there.runs.values()}
        )
        return min(times[number % len(times)] + timedelta(microseconds=ticks), self.now)

    def does(self, name, work, expected=(0,)):
        """Do it; the exit code is one of these. Kept apart: what ended in an error that stops the whole command."""
        try:
            code = work().exit_code
        except FlowledgerError as error:
            code = error.exit_code
        Journey.tried[f"{name} {code}"] += 1
        assert code in expected, f"{name} ended with {code}"

    def good(self):
        """Exit codes of a command that nothing hinders: poison is a finding, or too much of it fails a window."""
        return (0, 1, 3) if self.poisoned else (0,)

    def night(self, until=None):
        return nightly(self.settings, self.now, until or self.now)

    def backfill(self, start, end, width, **given):
        return backfill(self.settings, start, end, width, now=self.now, **given)

    def replay(self, start=None, end=None):
        return run_replay(self.settings, start, end, now=self.now, report=lambda _: None)

    def replay_rejects(self):
        return replay_rejects(self.settings, now=self.now)

    def struck(self, fault: Fault, work):
        """Do it while the API has this fault."""
        self.box.inject(fault)
        try:
            self.does(f"struck by {fault.kind} {fault.status}", work, (0, 1, 3))
        finally:
            self.box._injected.clear()

    def killed(self, moment, nth, work):
        """Do it until this moment is reached for the nth time; the process is as good as dead then."""
        times = count(1)

        def reached(name):
            if name == moment and next(times) == nth:
                raise Killed

        with patch.object(moments, "reached", reached), suppress(Killed):
            work()
            return
        Journey.tried[f"killed at {moment}"] += 1

    def astray(self):
        """What is wrong with the home as it stands."""
        if not self.settings.warehouse.exists():
            return []
        here, everything = held(self.home), wanted(self.truth(**NOTHING_GOES), self.box.config)
        found = [line for line in differences(here, everything) if _may_not_be(line)]
        with closing(warehouse.connect(self.settings.warehouse, None)) as con:
            mark = ledger.watermark(con)
            if self.mark and (mark is None or mark < self.mark):
                found.append(f"the watermark went back from {self.mark} to {mark}")
            self.mark = mark
            found += self._uncovered(con, here)
            found += [*_open_runs_astray(con), *_rows_of_no_commit(con, self.settings.raw), *_versions_astray(con)]
        return found

    def _uncovered(self, con, here):
        """A window that is done is stored whole, but for what is in quarantine; so is all before the watermark."""
        if self.box.config.late_logs or self.box.config.insert_while_paging:
            return []
        rejects = " ".join(row[0] for row in con.execute("SELECT raw FROM warehouse.ledger.rejects").fetchall())
        found = []
        for kind, column in EVENT.items():
            spans = ledger.covered(con, kind)
            due = {
                key
                for key, row in getattr(self.truth(), kind).items()
                if any(start <= row[column] < end for start, end in spans)
            }
            lost = sorted(due - here[kind].keys())
            found += [f"{kind} {key} is lost, and its window is done" for key in lost if key[:POISON_ID] not in rejects]
        if self.mark and windows.gaps(ledger.covered(con, "logs"), START, self.mark):
            found.append(f"the watermark is {self.mark}, and logs before it were not read")
        return found

    def comes_home(self):
        """All faults gone, and as many clean nights as a real source needs to settle: the last changes nothing."""
        self.box.configure(poison=())
        self.move(SECOND)
        if self.poisoned:
            self.does("last backfill", lambda: self.backfill(START, self.now, DAY))
        self.does("last night", lambda: self.night(self.now + SECOND))
        outcome = self.night(self.now + SECOND)
        if self.box.config.insert_while_paging:
            return
        rewritten = {name: merged for name, merged in outcome.merged.items() if merged.inserted or merged.updated}
        assert rewritten == {}, "a second night over the same rows wrote some of them again"

    def not_home(self):
        """Where the home differs from the truth, and from a home that has seen the last night only."""
        due = wanted(self.truth(), self.box.config)
        here = held(self.home)
        same = {name: {key: row for key, row in rows.items() if key in due[name]} for name, rows in here.items()}
        fresh = replace(self.settings, home=self.folder / "fresh")
        assert nightly(fresh, self.now, self.now + SECOND).exit_code == 0
        return [*differences(same, due), *_unlike(_whole_rows(self.home), _whole_rows(fresh.home))]

    def nothing_changes(self, name, work):
        """Do what must leave every row as it is."""
        before = dump(self.home)
        self.does(name, work)
        after = dump(self.home)
        assert [table for table in before if before[table] != after[table]] == [], f"{name} changed rows"


def _may_not_be(line):
    """Of all differences, those that no order of events explains: an unknown row, or a log line that is not its own."""
    return line.endswith("should not be there") or (line.startswith("logs ") and "missing" not in line)


def _whole_rows(home):
    """Every column of every row but its lineage, by table and id."""
    found = {}
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        for name in TABLES:
            cursor = con.execute(_without_lineage(con, name))
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            found[name] = {row["id"]: row for row in rows}
    return found


def _unlike(here, there):
    """Where rows here are not what they are in the other home. What only this home has seen may be here alone.

    Of a run that was seen while it was open more is known to be null, so `_absent` may differ.
    """
    return [
        f"{name} {key} {column}: {here[name][key][column]!r}, and {value!r} in a fresh home"
        for name, rows in there.items()
        for key, row in rows.items()
        for column, value in row.items()
        if column != "_absent" and key in here[name] and here[name][key][column] != value
    ]


def _versions_astray(con):
    """Versions of one row touch, and the last of them is the row as it stands."""
    found = []
    for name in ("pricing", "models", "flows"):
        torn = con.execute(
            "SELECT id FROM (SELECT id, valid_to, lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) AS next "
            f"FROM warehouse.main.{name}_history) WHERE next IS NOT NULL AND valid_to IS DISTINCT FROM next"
        ).fetchall()
        found += [f"{name}_history: the versions of {key} do not touch" for (key,) in torn]
    return found
