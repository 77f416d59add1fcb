"""FLOWLEDGER_PLAN=split: the warehouse of the plan embed, from far fewer bytes, whatever the API embeds or refuses."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stamina

from pipeline import extract, warehouse
from pipeline.replay import run_replay
from pipeline.sandbox import serve, truth
from pipeline.sandbox.config import BENCH
from tests.product import NOW, SMALL, START, backfill, differences, dump, held, nightly, settings_for, wanted

DAY = timedelta(days=1)
PAGED = replace(SMALL, page_cap=7)
REJECTS = "SELECT object, row_id, path, status FROM warehouse.ledger.rejects ORDER BY ALL"


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=12)
    yield
    stamina.set_testing(False)


def rejects(home):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return con.execute(REJECTS).fetchall()


def nights(box, settings, plans, *moments):
    """One night at each moment, each by its plan; returns the exit codes."""
    codes = []
    for plan, now in zip(plans, moments, strict=True):
        box.configure(now=now)
        codes.append(nightly(replace(settings, plan=plan), now).exit_code)
    return codes


HARMLESS = [
    {"long_runs": 0.3, "embedded_run": "snapshot"},
    {"runs_embed": False},
    {"runs_fill": "mixed"},
    {"runs_fill": "empty", "missing_endpoints": ("flows", "models")},
    {"run_ids": "random", "sort": "reject", "grammar": "reject", "cursor_expires_after": 3, "cursor_expires_times": 2},
]


@pytest.mark.parametrize("switches", HARMLESS, ids=str)
def test_a_night_loads_all_there_is_whatever_the_run_endpoints_embed(tmp_path, switches):
    with serve(replace(PAGED, **switches)) as box:
        outcome = nightly(settings_for(box, tmp_path, plan="split"))
        wrong = differences(held(tmp_path), wanted(truth(box.config), box.config))
        if "missing_endpoints" in switches:
            # What no run refers to has no other place to be read from.
            referred = {run[key] for run in truth(box.config).runs.values() for key in ("flow_id", "model_id")}
            wrong = [line for line in wrong if line.split()[1] in referred]
    assert wrong == []
    assert outcome.exit_code == (3 if "missing_endpoints" in switches else 0)


UNEQUAL = [
    {"poison": ("all",), "poison_every": 9},
    {"missing_keys": ("log.run_id",), "forbidden": ("flows", "models")},
]


@pytest.mark.parametrize("switches", UNEQUAL, ids=str)
def test_where_not_all_can_be_loaded_both_plans_load_and_reject_the_same(tmp_path, switches):
    with serve(replace(PAGED, **switches)) as box:
        for plan in ("embed", "split"):
            nightly(settings_for(box, tmp_path / plan, plan=plan))
    assert dump(tmp_path / "split") == dump(tmp_path / "embed")
    assert rejects(tmp_path / "split") == rejects(tmp_path / "embed")


def test_the_plan_may_change_from_night_to_night_and_a_replay_reads_pages_of_both(tmp_path):
    moments = (START + DAY, START + 2 * DAY, NOW)
    with serve(replace(SMALL, runs_per_day=8, late_changes=0.3, feedback=0.5, long_runs=0.2, gone_runs=0.2)) as box:
        either, embed = (settings_for(box, tmp_path / name) for name in ("either", "embed"))
        assert nights(box, either, ("split", "embed", "split"), *moments) == [0, 0, 0]
        nights(box, embed, ("embed",) * 3, *moments)
        assert dump(either.home) == dump(embed.home)
        again = nightly(replace(either, plan="split"), moments[-1])
    assert {name: (m.inserted, m.updated) for name, m in again.merged.items()} == dict.fromkeys(again.merged, (0, 0))
    run_replay(either, None, None, now=NOW, report=lambda _: None)
    assert dump(either.home) == dump(embed.home)


def test_what_was_read_before_is_not_embedded_again_and_what_windows_before_brought_not_asked_for(tmp_path):
    with serve(replace(SMALL, long_runs=0.5, now=NOW + DAY)) as box:
        settings = settings_for(box, tmp_path, plan="split", concurrency=1)
        backfill(settings, START + DAY, START + 2 * DAY, timedelta(hours=6))
        first = truth(box.config)
        older = {run for run, row in first.runs.items() if row["created_at"] < START + DAY}
        by_id = Counter(each.path.rsplit("/", 1)[-1] for each in box.requests if each.kind == "run")
        assert by_id
        assert by_id.keys() <= older
        assert max(by_id.values()) == 1
        asked = len(box.requests)
        backfill(settings, START + DAY, START + 2 * DAY, timedelta(hours=6))
        embedded = [each for each in box.requests[asked:] if each.query.get("embed")]
        assert [each.query["limit"] for each in embedded] == ["1"]


@pytest.mark.parametrize("plan", ["embed", "split"])
def test_a_window_in_many_parts_brings_every_row_of_its_listings(tmp_path, monkeypatch, plan):
    monkeypatch.setattr(extract, "PART_ROWS", 20)
    with serve(PAGED) as box:
        outcome = backfill(settings_for(box, tmp_path, plan=plan), START, START + DAY, DAY)
        there = [key for key, log in truth(box.config).logs.items() if log["timestamp"] < START + DAY]
    assert outcome.merged["logs"].inserted == len(there) > 40
    # None was found only by the proof that follows.
    assert (outcome.exit_code, outcome.found_by_run, outcome.merged["logs"].unchanged) == (0, 0, 0)


def test_many_windows_at_once_hold_no_more_rows_than_few():
    assert [extract.part_rows(windows) for windows in (1, 2, 4, 16)] == [50_000, 50_000, 25_000, 6_250]
    assert extract.part_rows(1_000) == extract.LEAST_PART_ROWS


def test_at_the_size_of_real_runs_a_day_takes_25_times_fewer_bytes_on_gzip(tmp_path):
    start, now = datetime(2025, 11, 17, tzinfo=UTC), NOW
    with serve(replace(BENCH, seed=5, start=start, now=now, runs_per_day=40, codings=("gzip",))) as box:
        took = {
            plan: backfill(settings_for(box, tmp_path / plan, plan=plan), start, start + DAY, DAY)
            for plan in ("embed", "split")
        }
    assert dump(tmp_path / "split") == dump(tmp_path / "embed")
    assert took["split"].merged["logs"].inserted > 1000
    assert took["embed"].wire_bytes >= 25 * took["split"].wire_bytes
