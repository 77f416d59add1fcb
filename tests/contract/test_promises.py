"""What the product promises, shown against a sandbox whose clock moves (P2, P4, P5, P8)."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import stamina

from pipeline import extract, ledger, observations, warehouse
from pipeline.errors import UsageError
from pipeline.inflate import inflate
from pipeline.rejects import list_rejects, replay_rejects, show
from pipeline.replay import run_replay
from pipeline.rows import BadField
from pipeline.sandbox import serve, truth
from tests.product import NOW, SMALL, START, backfill, differences, dump, held, nightly, settings_for, wanted

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PAGED = replace(SMALL, page_cap=20)


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=12)
    yield
    stamina.set_testing(False)


def asked(home, sql):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return con.execute(sql).fetchall()


def watermark(home):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return ledger.watermark(con)


def nights(box, settings, *moments):
    """One night at each of these moments of the sandbox's clock."""
    codes = []
    for now in moments:
        box.configure(now=now)
        codes.append(nightly(settings, now).exit_code)
    return codes


def test_p2_overlapping_windows_in_any_order_give_the_tables_of_one_night(tmp_path):
    with serve(PAGED) as box:
        at_once, in_parts = (settings_for(box, tmp_path / name) for name in ("at_once", "in_parts"))
        nightly(at_once)
        end = NOW + HOUR
        backfill(in_parts, START + 20 * HOUR, end, 7 * HOUR, newest_first=True)
        backfill(in_parts, START, START + 30 * HOUR, 11 * HOUR)
        backfill(in_parts, START + 10 * HOUR, end, 26 * HOUR)
        nightly(in_parts)
        assert dump(in_parts.home) == dump(at_once.home)
        assert differences(held(in_parts.home), wanted(truth(box.config))) == []


def test_p2_several_nights_of_a_changing_source_end_where_one_late_night_does(tmp_path):
    with serve(replace(PAGED, late_changes=0.3, feedback=0.5)) as box:
        each_night = settings_for(box, tmp_path / "each")
        assert nights(box, each_night, START + DAY, START + 2 * DAY, NOW, NOW + 6 * DAY) == [0, 0, 0, 0]
        assert differences(held(each_night.home), wanted(truth(box.config))) == []


@pytest.mark.parametrize("equal", [0.0, 3600.0])
def test_p4_windows_that_touch_lose_nothing_and_count_nothing_twice(tmp_path, equal):
    with serve(replace(PAGED, equal_timestamps=equal)) as box:
        settings = settings_for(box, tmp_path)
        outcome = backfill(settings, START, NOW + HOUR, 5 * HOUR)
        there = truth(box.config)
        assert outcome.merged["logs"].inserted == len(there.logs)
        wrong = differences(held(tmp_path), wanted(there))
        assert [line for line in wrong if line.startswith(("logs", "runs", "node_runs"))] == []


def test_p4_a_backfill_loads_its_span_and_the_runs_of_its_logs_and_nothing_else(tmp_path):
    start, end = START + 9 * HOUR, START + 21 * HOUR
    with serve(PAGED) as box:
        backfill(settings_for(box, tmp_path), start, end, 6 * HOUR)
        there, here = truth(box.config), held(tmp_path)
    logs = {key for key, log in there.logs.items() if start <= log["timestamp"] < end}
    runs = {key for key, run in there.runs.items() if start <= run["created_at"] < end}
    runs |= {there.logs[key]["run_id"] for key in logs}
    assert here["logs"].keys() == logs
    assert here["runs"].keys() == runs
    assert here["node_runs"].keys() == {key for key, node in there.node_runs.items() if node["run_id"] in runs}


def test_p5_a_run_that_ends_long_after_the_sweep_is_read_until_it_has_ended(tmp_path, monkeypatch):
    with serve(replace(SMALL, runs_per_day=6, long_runs=0.5, long_run_days=6.0)) as box:
        # Far behind the sweep a run is only reached by its own id.
        settings = settings_for(box, tmp_path, sweep=2 * DAY, lookback=DAY)
        later = [NOW + timedelta(days=days) for days in (3, 6, 9, 12)]
        assert nights(box, settings, NOW) == [0]
        waiting = asked(tmp_path, "SELECT count(*) FROM warehouse.ledger.open_runs WHERE created_at < '2025-11-20'")
        assert waiting[0][0] > len(later)
        # In parts, as where many runs are open.
        monkeypatch.setattr(extract, "OPEN_RUNS_AT_ONCE", 2)
        assert set(nights(box, settings, *later)) == {0}
        there = truth(box.config)
        open_now = {key for key, run in there.runs.items() if run["completed_at"] is None}
        assert differences(held(tmp_path), wanted(there)) == []
        assert {str(key) for (key,) in asked(tmp_path, "SELECT run_id FROM warehouse.ledger.open_runs")} == open_now


def test_p5_a_run_that_answers_404_is_marked_and_keeps_its_spend(tmp_path):
    with serve(replace(SMALL, gone_runs=0.3, gone_after_hours=6.0)) as box:
        settings = settings_for(box, tmp_path)
        nights(box, settings, START + DAY)
        of_the_first_day = f"SELECT count(*), sum(cost) FROM warehouse.main.runs WHERE created_at < '{START + DAY}'"
        before = asked(tmp_path, of_the_first_day)
        nights(box, settings, NOW)
        assert asked(tmp_path, of_the_first_day) == before
        gone = asked(tmp_path, "SELECT count(*) FROM warehouse.main.runs WHERE _gone_at IS NOT NULL")[0][0]
        stored = asked(tmp_path, "SELECT count(*) FROM warehouse.main.runs")[0][0]
        assert 0 < gone == stored - len(truth(box.config).runs)


def test_p8_poison_goes_to_quarantine_and_everything_else_loads(tmp_path):
    with serve(replace(SMALL, poison=("all",), poison_every=9)) as box:
        settings = settings_for(box, tmp_path)
        assert [nightly(settings).exit_code, nightly(settings).exit_code] == [3, 0]
        rejected = list_rejects(settings)
        wrong = differences(held(tmp_path), wanted(truth(box.config)))
        kinds = {reject["object"] for reject in rejected}
        assert kinds == {"log", "run", "node_run", "flow", "model", "pricing"}
        assert all(line.endswith("is missing") for line in wrong)
        # Prices that stood in a model which is no object at all are in quarantine within its text.
        lost = Counter(line.split()[0] for line in wrong if not line.startswith("pricing"))
        assert lost == Counter(f"{reject['object']}s" for reject in rejected if reject["object"] != "pricing")
        box.configure(poison=())
        assert nightly(settings).exit_code == 0
        assert differences(held(tmp_path), wanted(truth(box.config))) == []


def test_p8_a_reject_names_the_landed_page_and_the_place_on_it(tmp_path):
    with serve(replace(SMALL, poison=("log:not-an-object",), poison_every=9)) as box:
        settings = settings_for(box, tmp_path)
        nightly(settings)
    rejects = list_rejects(settings)
    assert rejects
    for reject in rejects:
        told = show(settings, reject["reject_id"])
        (body,) = (tmp_path / "raw" / "bodies").glob(f"*/{told['sha256']}.*")
        page = json.loads(inflate(body.read_bytes(), body.suffix.removeprefix(".")))
        assert page["items"][told["position"]] == json.loads(told["raw"])


def test_p8_unknown_fields_are_kept_and_their_paths_named(tmp_path):
    with serve(replace(SMALL, unknown_keys=True)) as box:
        nightly(settings_for(box, tmp_path))
    assert asked(tmp_path, "SELECT count(*) FROM warehouse.main.runs WHERE extra IS NULL") == [(0,)]
    named = {table for (table,) in asked(tmp_path, "SELECT table_name FROM warehouse.ledger.drift")}
    assert named == {"logs", "runs", "node_runs", "flows", "models", "pricing"}


def replayed(settings):
    return run_replay(settings, None, None, now=NOW + 9 * DAY, report=lambda _: None)


def test_a_replay_without_the_network_gives_the_same_tables(tmp_path):
    with serve(replace(PAGED, late_changes=0.3, poison=("run:bad-cost", "log:wrong-type"), poison_every=9)) as box:
        settings = settings_for(box, tmp_path, patience=timedelta(seconds=1))
        nights(box, settings, START + DAY, NOW)
        backfill(settings, START, START + DAY, 9 * HOUR)
        nights(box, settings, NOW + DAY)
    ledgers = "SELECT reject_id, status, times, raw FROM warehouse.ledger.rejects ORDER BY ALL"
    before = dump(tmp_path), watermark(tmp_path), asked(tmp_path, ledgers)
    assert replayed(settings).exit_code == 0
    assert (dump(tmp_path), watermark(tmp_path), asked(tmp_path, ledgers)) == before
    (tmp_path / "warehouse.duckdb").unlink()
    with pytest.raises(UsageError, match="would look whole"):
        run_replay(settings, START, START + DAY, now=NOW, report=lambda _: None)
    replayed(settings)
    assert (dump(tmp_path), watermark(tmp_path), asked(tmp_path, ledgers)) == before
    run_replay(settings, START, START + DAY, now=NOW + 9 * DAY, report=lambda _: None)
    assert dump(tmp_path) == before[0]


def test_a_replay_is_refused_where_the_pages_of_a_commit_are_gone(tmp_path):
    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path)
        nightly(settings)
    before = dump(tmp_path)
    record = sorted((tmp_path / "raw" / "records").iterdir())[1]
    record.unlink()
    with pytest.raises(Exception, match="no longer kept"):
        replayed(settings)
    assert dump(tmp_path) == before


def test_rejects_that_decode_now_load_as_if_they_had_been_good(tmp_path, monkeypatch):
    known = observations.make_row

    def older(kind, wire, *rest):
        if kind == "runs" and wire.id.int % 4 == 0:
            raise BadField("cost", "an older version cannot read it")
        return known(kind, wire, *rest)

    with serve(SMALL) as box:
        good, bad = (settings_for(box, tmp_path / name) for name in ("good", "bad"))
        nightly(good)
        with monkeypatch.context() as patch:
            patch.setattr(observations, "make_row", older)
            assert nightly(bad).exit_code == 3
        assert dump(bad.home) != dump(good.home)
        outcome = replay_rejects(bad, now=NOW)
        assert (outcome.exit_code, outcome.rejected, list_rejects(bad)) == (0, 0, [])
        assert dump(bad.home) == dump(good.home)


def test_a_backfill_never_moves_the_watermark_and_a_night_moves_it_to_its_end(tmp_path):
    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path)
        backfill(settings, START, NOW, DAY)
        assert watermark(tmp_path) is None
        nightly(settings, until=NOW)
        backfill(settings, NOW, NOW + DAY, DAY)
        assert watermark(tmp_path) == NOW


def test_resume_asks_only_for_what_is_not_loaded(tmp_path):
    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path)
        backfill(settings, START, START + DAY, 6 * HOUR)
        outcome = backfill(settings, START, START + 2 * DAY, 6 * HOUR, resume=True)
        assert outcome.windows == 4
        again = backfill(settings, START, START + 2 * DAY, 6 * HOUR, resume=True)
        assert (again.windows, again.requests, again.exit_code) == (0, 0, 0)


def test_a_night_that_fails_in_the_middle_keeps_the_good_windows_and_the_next_one_heals(tmp_path):
    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path, patience=timedelta(seconds=1))
        clean = settings_for(box, tmp_path / "clean")
        nightly(clean)
        box.configure(poison=("log:wrong-type",), poison_every=1)
        failed = nightly(settings)
        assert (failed.exit_code, failed.published, len(failed.failed)) == (1, None, 3)
        assert watermark(tmp_path) is None
        box.configure(poison=())
        assert nightly(settings).exit_code == 0
        assert dump(tmp_path) == dump(clean.home)
        shutil.rmtree(clean.home)
