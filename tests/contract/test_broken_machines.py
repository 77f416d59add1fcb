"""A machine that fails: full disk, folders that cannot be written, files in other hands, damaged pages, wrong clocks.

The user gets a sentence and an exit code, readers keep a whole version, and one night on a sound machine heals it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

import pytest
import stamina

from pipeline import job, ledger, manifest, moments, warehouse
from pipeline.sandbox import serve, server, truth
from pipeline.tables import TABLES
from tests.command import KEY, NIGHT, WORLD, environment, flowledger
from tests.crash.killed import torn
from tests.product import NOW, START, differences, dump, held, nightly, settings_for, wanted

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
BEFORE = NOW - 30 * HOUR


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="module")
def box():
    with serve(replace(WORLD, runs_per_day=6, now=BEFORE)) as served:
        yield served


@pytest.fixture(scope="module")
def before(box, tmp_path_factory):
    """The home of the night before; after it the sandbox's clock stands at NOW."""
    home = tmp_path_factory.mktemp("before") / "home"
    assert nightly(settings_for(box, home, api_key=KEY), BEFORE).exit_code == 0
    box.configure(now=NOW)
    return home


@pytest.fixture
def home(box, before, tmp_path):
    copy = shutil.copytree(before, tmp_path / "home", symlinks=True)
    with environment(copy, box):
        yield copy


def fails(told, *words):
    """Exit code 1 and these words, among them what to look at; `flowledger` has seen that there is no traceback."""
    assert told.code == 1, told.said
    assert [word for word in words if word not in told.said] == [], told.said


def version(home):
    """What readers see, known to be whole."""
    assert torn(home / "published") == []
    return manifest.read(home / "published").version


def heals(home, box):
    """One night ends well, and the tables are those of a home to which nothing ever happened."""
    told = flowledger(*NIGHT)
    assert told.code == 0, told.said
    assert differences(held(home), wanted(truth(box.config), box.config)) == []
    assert torn(home / "published") == []
    assert shown_otherwise(home) == []


def shown_otherwise(home):
    """Tables of which readers see other rows than are stored."""
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        con.execute(f"ATTACH '{home / 'published' / manifest.DATABASE}' AS shown (READ_ONLY)")
        rows = "SELECT id::VARCHAR AS id, _row_hash FROM {}.main.{}"
        differ = "SELECT count(*) FROM (({0}) EXCEPT ({1})) UNION ALL SELECT count(*) FROM (({1}) EXCEPT ({0}))"
        pairs = {name: [rows.format(where, name) for where in ("warehouse", "shown")] for name in TABLES}
        return [name for name, both in pairs.items() if con.execute(differ.format(*both)).fetchall() != [(0,), (0,)]]


def watermark(home):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return ledger.watermark(con)


@contextmanager
def mounted(*arguments, at: Path):
    tried = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@contextmanager
def read_only(folder):
    """Nobody may write there, root included."""
    with mounted("--bind", str(folder), at=folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield


FULL = [
    ("landed", 3, 0, "raw/bodies"),
    ("staged", 2, 4096, "No space left on device"),
    ("before-commit", 2, 0, "warehouse.duckdb.wal"),
    ("before-rename-parquet", 1, 65_536, "No space left on device"),
    ("before-rename-snapshot", 1, 0, "No space left on device"),
]


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    with mounted("-t", "tmpfs", "-o", "size=64m", "tmpfs", at=folder):
        yield folder


def full_at(moment, nth, left, disk):
    """Fill the disk but for some bytes when this moment is reached for the nth time."""
    times = count(1)

    def reached(name):
        if name == moment and next(times) == nth:
            with (disk / "ballast").open("wb") as file:
                file.write(bytes(max(0, shutil.disk_usage(disk).free - left)))

    return patch.object(moments, "reached", reached)


@pytest.mark.parametrize(("moment", "nth", "left", "where"), FULL, ids=[case[0] for case in FULL])
def test_a_disk_that_fills_up_is_named_and_one_night_after_it_has_room_is_a_clean_one(
    box, before, disk, moment, nth, left, where
):
    home = shutil.copytree(before, disk / moment, symlinks=True)
    with environment(home, box), patch.object(job, "LEAST_FREE_BYTES", 0):
        with full_at(moment, nth, left, disk):
            fails(flowledger(*NIGHT), "No space left on device", where)
        assert torn(home / "published") == []
        (disk / "ballast").unlink()
        heals(home, box)
    shutil.rmtree(home)


def test_a_disk_that_is_nearly_full_is_told_before_anything_is_asked(home, box, disk):
    asked, shown = len(box.requests), version(home)
    with environment(disk / "home", box):
        fails(flowledger(*NIGHT), "MB are free", "Free some space", "nothing was changed")
    assert (len(box.requests), version(home)) == (asked, shown)


def test_a_published_folder_that_cannot_be_written_fails_the_publishing_and_no_load(home, box):
    shown = version(home)
    with read_only(home / "published"):
        fails(flowledger(*NIGHT), "Read-only file system", "Readers keep the version they have")
        assert version(home) == shown
    heals(home, box)
    assert version(home) > shown


def test_a_home_that_cannot_be_written_is_told_and_left_as_it_is(home, before, box):
    asked = len(box.requests)
    with read_only(home):
        fails(flowledger(*NIGHT), str(home), "Read-only file system")
    assert (len(box.requests), dump(home)) == (asked, dump(before))


OPEN = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reads")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["writes", "reads"])
def test_a_warehouse_that_another_program_has_open_is_named_until_it_is_closed(home, box, how):
    asked, shown = len(box.requests), version(home)
    command = [sys.executable, "-c", OPEN, str(home / "warehouse.duckdb"), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        fails(flowledger(*NIGHT), "warehouse.duckdb is open in another program", "published/flowledger.duckdb")
        other.communicate()
    assert (len(box.requests), version(home)) == (asked, shown)
    if how == "writes":
        heals(home, box)


def flipped(file):
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 0xFF
    file.write_bytes(held)


def halved(file):
    os.truncate(file, file.stat().st_size // 2)


def emptied(file):
    os.truncate(file, 0)


DAMAGE = {"flipped": flipped, "halved": halved, "emptied": emptied, "missing": Path.unlink}


def test_a_damaged_landed_page_or_record_stops_a_replay_that_names_it_and_nothing_else(home, box):
    content, shown = dump(home), version(home)
    bodies = sorted((home / "raw" / "bodies").glob("*/*"), key=lambda body: body.stat().st_size)
    record = sorted((home / "raw" / "records").iterdir())[1]
    cases = [(bodies[-1], how) for how in DAMAGE] + [(record, "halved"), (record, "emptied")]
    for file, how in cases:
        whole = file.read_bytes()
        DAMAGE[how](file)
        fails(flowledger("replay"), str(file), "Bring the file back", "backfill")
        assert (dump(home), version(home)) == (content, shown), (file, how)
        assert not list(home.glob("warehouse.replay.*"))
        assert flowledger("rejects", "list").code == 0
        file.write_bytes(whole)
    assert flowledger("replay").code == 0
    assert dump(home) == content
    flipped(bodies[-1])
    halved(record)
    fails(flowledger(*NIGHT), str(record), "move it away")
    assert differences(held(home), wanted(truth(box.config), box.config)) == []
    assert version(home) > shown
    record.unlink()
    heals(home, box)


def test_a_clock_that_is_far_ahead_of_the_api_stops_a_run_before_it_counts_the_future_as_read(home, box):
    content, mark = dump(home), watermark(home)
    earlier = datetime.now(UTC) - 365 * DAY
    with patch.object(server._Handler, "date_time_string", lambda _: f"{earlier:%a, %d %b %Y %H:%M:%S GMT}"):
        for command in (("nightly", "--no-prefect"), ("backfill", "--from", f"{START:%Y-%m-%d}", "--to", "2030-01-01")):
            fails(flowledger(*command), "8,760 hours ahead", "Set the clock")
    assert (dump(home), watermark(home)) == (content, mark)


def test_a_clock_that_jumps_back_loses_nothing_and_never_moves_the_watermark_back(home, box):
    settings = settings_for(box, home, api_key=KEY)
    mark = watermark(home)
    for jumped in (START - 400 * DAY, BEFORE - 9 * HOUR):
        assert nightly(settings, jumped, jumped).exit_code == 0
        assert watermark(home) == mark
    heals(home, box)
    assert watermark(home) == NOW + SECOND


def test_an_end_that_was_given_in_the_far_future_by_mistake_costs_no_row_of_the_nights_to_come(home, box):
    settings = settings_for(box, home, api_key=KEY, lookback=DAY)
    try:
        assert nightly(settings, BEFORE, NOW + 9 * DAY).exit_code == 0
        for now in (NOW, NOW + DAY):
            box.configure(now=now)
            assert nightly(settings, now).exit_code == 0
            assert differences(held(home), wanted(truth(box.config), box.config)) == []
    finally:
        box.configure(now=NOW)


def test_a_change_that_came_before_the_sweep_was_over_is_read_however_many_nights_were_missed(tmp_path):
    with serve(replace(WORLD, runs_per_day=6, late_changes=1.0, late_change_hours=20.0, feedback=0.0)) as box:
        settings = settings_for(box, tmp_path, api_key=KEY, sweep=2 * DAY, lookback=HOUR)
        for now in (START + DAY, START + 6 * DAY):
            box.configure(now=now)
            assert nightly(settings, now).exit_code == 0
        assert differences(held(tmp_path), wanted(truth(box.config), box.config)) == []


REJECTED = {"log:wrong-type": "logs", "run:wrong-type": "runs", "node_run:wrong-type": "node_runs"}


@pytest.mark.parametrize("poison", REJECTED)
def test_a_type_that_changes_for_good_holds_the_watermark_and_is_loaded_by_the_night_after_the_upgrade(
    home, box, poison
):
    mark, shown = watermark(home), version(home)
    box.configure(poison=(poison,), poison_every=1)
    try:
        told = flowledger(*NIGHT)
    finally:
        box.configure(poison=())
    fails(told, f" {REJECTED[poison]} could not be read, the first at `", "Flowledger must be upgraded", "raw/")
    assert "Nothing new was published" in told.out
    assert (watermark(home), version(home)) == (mark, shown)
    heals(home, box)
