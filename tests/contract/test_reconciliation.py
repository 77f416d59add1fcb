"""What the source counts and we do not hold is read, or told; nothing is called whole that is not proven (P3)."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest

from pipeline import completeness, ingest, prove_days, prove_runs, status, warehouse
from pipeline.prove import reconcile
from pipeline.replay import run_replay
from pipeline.sandbox import serve, truth
from pipeline.sandbox.sandbox import Reply
from pipeline.values import Window
from tests.command import KEY, environment, flowledger
from tests.product import NOW, SMALL, START, backfill, differences, dump, held, nightly, settings_for, wanted

DAY = timedelta(days=1)
FIRST, SECOND = "2025-11-18", "2025-11-19"


@contextmanager
def served(tmp_path, **switches):
    """A sandbox, and settings for it."""
    with serve(replace(SMALL, **switches)) as box:
        yield box, settings_for(box, tmp_path)


def asked(home, sql):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return con.execute(sql).fetchall()


def published(home, sql):
    with closing(duckdb.connect(str(home / "published" / "flowledger.duckdb"), read_only=True)) as db:
        return db.execute(sql).fetchall()


def comparisons(home):
    return asked(home, "SELECT day, status FROM warehouse.ledger.reconciliation ORDER BY checked_at")


def newest(home):
    return dict(comparisons(home))


def missing(box, home):
    return differences(held(home), wanted(truth(box.config), box.config))


def instead(monkeypatch, box, answered):
    """Let `answered` answer a target first; where it gives None the sandbox does."""
    answer = box.reply
    monkeypatch.setattr(
        box, "reply", lambda method, target, headers: answered(target) or answer(method, target, headers)
    )


def requests_of(box, kind, since=0):
    return [each for each in box.requests[since:] if each.kind == kind]


def text(settings):
    return status.as_text(status.look(settings), NOW)


def test_p3_a_night_proves_each_day_that_has_ended_in_runs_and_exact_spend(tmp_path):
    with served(tmp_path) as (box, settings):
        assert nightly(settings).exit_code == 0
        true = truth(box.config)
    rows = asked(
        tmp_path, "SELECT day, status, runs_there, spend_there FROM warehouse.ledger.reconciliation ORDER BY day"
    )
    days = [START.date(), START.date() + DAY]
    assert rows == [(str(day), "ok", true.run_counts[day], true.spend[day]) for day in days]
    assert "Proven: 2 of 2 closed days equal the source's totals in runs and spend; the newest is 2025-11-19" in text(
        settings
    )
    flags = dict(published(tmp_path, "SELECT day::VARCHAR, is_reconciled FROM marts.spend_by_day"))
    assert flags == {FIRST: True, SECOND: True, "2025-11-20": False}


def test_p3_runs_that_a_list_leaves_out_are_told_and_flagged_and_nothing_is_called_whole(tmp_path):
    with served(tmp_path, drop_runs=0.2) as (box, settings):
        outcome = nightly(settings)
        (finding,) = outcome.findings
        runs = truth(box.config).runs
        lost = [runs[line.split()[1]] for line in missing(box, tmp_path) if line.startswith("runs ")]
        assert sum(str(run["created_at"].date()) == SECOND for run in lost) == 2
        assert (outcome.exit_code, finding.check) == (3, "reconciliation")
        assert f"{SECOND}: the source counts 14 runs and 9.40250898 USD, stored are 12 runs" in finding.detail
        assert "2 runs and 0.4 USD there and not here" in finding.detail
        assert comparisons(tmp_path).count((SECOND, "mismatch")) == 2
        rows = published(
            tmp_path, "SELECT runs_difference, spend_difference_usd, is_reconciled FROM marts.reconciliation"
        )
        assert sorted(rows) == [(0, Decimal(0), True), (2, Decimal("0.4"), False)]
        assert f"warn: {finding.detail}" in text(settings)
        before = len(box.requests)
        again = nightly(settings)
        assert again.exit_code == 0
        assert [each.check for each in again.findings] == ["reconciliation"]
        assert len(requests_of(box, "stats", before)) == 1
        box.configure(drop_runs=0.0)
        assert nightly(settings).exit_code == 0
        assert missing(box, tmp_path) == []
        assert newest(tmp_path) == {FIRST: "ok", SECOND: "ok"}


def test_p3_a_day_that_differs_is_read_again_in_the_same_night_and_healed(tmp_path, monkeypatch):
    with served(tmp_path, drop_runs=0.2) as (box, settings):
        answer = box.reply

        def reply(method, target, headers):
            if "runs-stats" in target:
                box.configure(drop_runs=0.0)
            return answer(method, target, headers)

        monkeypatch.setattr(box, "reply", reply)
        outcome = nightly(settings)
        assert (outcome.exit_code, outcome.findings) == (0, ())
        there = truth(box.config)
        today = {run["id"] for run in there.runs.values() if run["created_at"] >= START + 2 * DAY}
        logs_of_today = {log["id"] for log in there.logs.values() if log["run_id"] in today}
        left = {line.split()[1] for line in missing(box, tmp_path) if line.startswith(("runs", "logs"))}
        assert left <= today | logs_of_today
        assert newest(tmp_path) == {FIRST: "ok", SECOND: "healed"}
        assert (SECOND, "mismatch") in comparisons(tmp_path)
        before = len(box.requests)
        nightly(settings)
        assert requests_of(box, "stats", before) == []
        assert missing(box, tmp_path) == []


def test_a_day_that_was_not_read_again_in_its_first_night_is_in_the_next(tmp_path, monkeypatch):
    with served(tmp_path, drop_runs=0.2) as (box, settings):
        monkeypatch.setattr(prove_days, "MOST_READ_AGAIN", 0)
        (finding,) = nightly(settings).findings
        assert "To read the day again: flowledger reconcile" in finding.detail
        monkeypatch.undo()
        box.configure(drop_runs=0.0, now=NOW + DAY)
        outcome = nightly(replace(settings, lookback=DAY / 24, sweep=DAY / 24), now=NOW + DAY)
        assert (outcome.exit_code, outcome.findings) == (0, ())
        assert newest(tmp_path) == {FIRST: "ok", SECOND: "healed", "2025-11-20": "healed"}


def test_a_day_whose_totals_make_no_sense_keeps_no_other_from_being_compared(tmp_path, monkeypatch):
    with served(tmp_path) as (box, settings):
        nonsense = Reply(200, b'{"timeline":[{"date":"2025-11-19","runs":null,"spend":"1"}]}')
        instead(monkeypatch, box, lambda target: nonsense if f"runs-stats?start={SECOND}" in target else None)
        nightly(replace(settings, concurrency=1))
        assert newest(tmp_path) == {FIRST: "ok", SECOND: "unavailable"}


def test_p3_log_lines_that_a_list_leaves_out_are_found_run_by_run_and_told(tmp_path):
    with served(tmp_path, drop_logs=0.1) as (box, settings):
        outcome = nightly(settings)
        (finding,) = outcome.findings
        dropped = outcome.found_by_run
        assert (outcome.exit_code, finding.check) == (3, "logs_left_out")
        assert re.match(
            r"The list over all runs left out \d+ log lines of .*: 20 runs by lot and then ", finding.detail
        )
        ended = {run["id"] for run in truth(box.config).runs.values() if run["completed_at"]}
        logs = truth(box.config).logs
        left = [line.split()[1] for line in missing(box, tmp_path)]
        assert [each for each in left if logs[each]["run_id"] in ended] == []
        assert dropped > 10


def test_p3_runs_none_of_whose_logs_came_are_asked_for_them(tmp_path):
    with served(tmp_path, drop_logs=0.3, logs_per_run=1, no_logs=0.0) as (box, settings):
        nightly(settings)
        ended = {run["id"] for run in truth(box.config).runs.values() if run["completed_at"]}
        logs = truth(box.config).logs
        left = [line.split()[1] for line in missing(box, tmp_path) if line.startswith("logs ")]
        assert [each for each in left if logs[each]["run_id"] in ended] == []
        assert asked(tmp_path, "SELECT count(*) FROM warehouse.ledger.incomplete_runs") == [(0,)]


@pytest.mark.parametrize("everyone", [False, True])
def test_a_key_that_may_not_list_single_runs_is_told_once_and_the_other_runs_are_asked(tmp_path, monkeypatch, everyone):
    with served(tmp_path, drop_logs=0.3, logs_per_run=1, no_logs=0.0) as (box, settings):
        logs = truth(box.config).logs
        refused = []

        def answered(target):
            run = re.match(r"/v1/runs/([0-9a-f-]{36})/logs", target)
            if run and (everyone or run[1] == (refused or [run[1]])[0]):
                refused.append(run[1])
                return Reply(403, b'{"code":"PERMISSION_DENIED"}')
            return None

        instead(monkeypatch, box, answered)
        outcome = nightly(settings)
        told = [each.detail for each in outcome.findings if each.check == "runs_not_proven"]
        assert (outcome.exit_code, told) == (3, [prove_runs.REFUSED])
        ended = {run["id"] for run in truth(box.config).runs.values() if run["completed_at"]}
        left = {logs[line.split()[1]]["run_id"] for line in missing(box, tmp_path) if line.startswith("logs ")} & ended
        assert left > {refused[0]} if everyone else left == {refused[0]}
        told = [each.check for each in outcome.findings if each.check == "runs_not_proven"]
        assert nightly(settings).exit_code == 0


def test_logs_that_are_known_to_be_missing_and_were_not_asked_for_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(prove_runs, "MOST_RUNS", 1)
    with served(tmp_path, drop_logs=0.3, logs_per_run=1, no_logs=0.0) as (_, settings):
        outcome = backfill(settings, START, START + 2 * DAY, DAY)
        (left,) = asked(tmp_path, "SELECT count(*) FROM warehouse.ledger.incomplete_runs")
        (finding,) = [each for each in outcome.findings if each.check == "runs_not_proven"]
        assert (outcome.exit_code, finding.rows) == (3, left[0])
        assert finding.detail.endswith("flowledger reconcile --from 2025-11-18 --to 2025-11-20 --heal")


def test_logs_of_a_run_that_ended_on_the_next_day_are_read_with_its_own(tmp_path):
    with served(tmp_path, drop_logs=1.0, no_logs=0.0, runs_per_day=60) as (box, settings):
        for day in (START, START + DAY):
            backfill(settings, day, day + DAY, DAY)
        asyncio.run(reconcile(settings, Window(START, START + DAY), heal=True, now=NOW, report=lambda _: None))
        true = truth(box.config)
        late = {
            log["id"]
            for log in true.logs.values()
            if true.runs[log["run_id"]]["created_at"] < START + DAY <= log["timestamp"]
            and true.runs[log["run_id"]]["completed_at"]
        }
        assert late
        assert late <= held(tmp_path)["logs"].keys()


def test_runs_whose_logs_the_source_no_longer_shows_are_named_once_and_asked_for_at_pauses(tmp_path):
    with served(tmp_path, expired_logs=0.1) as (box, settings):
        outcome = nightly(settings)
        names = {each.check for each in outcome.findings}
        noted = asked(tmp_path, "SELECT run_id::VARCHAR, asks FROM warehouse.ledger.incomplete_runs")
        assert (outcome.exit_code, names) == (3, {"logs_missing"})
        assert noted
        assert {asks for _, asks in noted} == {1}
        told = "\n".join(each.detail for each in outcome.findings)
        assert [run for run, _ in noted if run not in told] == []
        before = len(box.requests)
        later = nightly(settings, now=NOW + timedelta(hours=2), until=NOW + timedelta(seconds=1))
        by_run = {each.path.split("/")[3] for each in requests_of(box, "logs", before)} - {"any"}
        assert later.exit_code == 0
        assert by_run.isdisjoint({run for run, _ in noted})
        box.configure(expired_logs=0.0)
        nightly(settings, now=NOW + DAY, until=NOW + timedelta(seconds=1))
        assert missing(box, tmp_path) == []
        assert asked(tmp_path, "SELECT count(*) FROM warehouse.ledger.incomplete_runs") == [(0,)]


def test_a_night_asks_again_only_for_days_that_were_touched(tmp_path):
    with served(tmp_path, late_changes=1.0, late_change_hours=24.0, feedback=0.0, long_runs=0.0) as (box, settings):
        for now in (NOW, NOW + timedelta(hours=3)):
            box.configure(now=now)
            before = len(box.requests)
            nightly(settings, now)
        changed = asked(
            tmp_path,
            "SELECT DISTINCT created_at::DATE::VARCHAR FROM warehouse.main.runs WHERE _load_id LIKE '%-000002'",
        )
        days = {each.query["start"][:10] for each in requests_of(box, "stats", before)}
        assert days == {day for (day,) in changed} - {"2025-11-20"} == {SECOND}


@pytest.mark.parametrize(("switches", "code"), [({"missing_endpoints": ("stats",)}, 0), ({"forbidden": ("stats",)}, 3)])
def test_totals_that_may_not_be_read_are_said_once_and_leave_days_unproven(tmp_path, monkeypatch, switches, code):
    monkeypatch.setattr(prove_days, "FEW", 1)
    with served(tmp_path, **switches) as (box, settings):
        assert nightly(replace(settings, concurrency=1)).exit_code == code
        assert len(requests_of(box, "stats")) == 1, "what the first days were refused for, the others would be too"
        assert newest(tmp_path) == {FIRST: "unavailable", SECOND: "unavailable"}
        assert "Proven: 0 of 2 closed days" in text(settings)
        nightly(settings)
        assert len(comparisons(tmp_path)) == 2
        box.configure(**dict.fromkeys(switches, ()))
        nightly(settings)
        assert newest(tmp_path) == {FIRST: "ok", SECOND: "ok"}


def test_what_the_source_does_is_measured_from_the_comparisons(tmp_path):
    with served(tmp_path, open_cost="estimate", long_runs=0.3, stats_open_spend=False) as (box, settings):
        assert nightly(settings).exit_code == 0
        assert set(newest(tmp_path).values()) == {"provisional"}
        assert "the source's spend leaves out the cost of runs that have not ended" in text(settings)
        assert missing(box, tmp_path) == []


def test_a_backfill_proves_the_days_that_it_has_read(tmp_path):
    with served(tmp_path) as (_, settings):
        outcome = backfill(settings, START + timedelta(hours=6), NOW, timedelta(hours=6))
        assert (outcome.exit_code, newest(tmp_path)) == (0, {SECOND: "ok"})
        assert [each.status for each in outcome.comparisons] == ["ok"]


def test_a_replay_compares_again_what_was_compared_and_keeps_it_where_it_is_known(tmp_path):
    with served(tmp_path, drop_runs=0.2) as (_, settings):
        nightly(settings)
    before = comparisons(tmp_path)
    run_replay(settings, None, None, now=NOW, report=lambda _: None)
    assert comparisons(tmp_path) == before
    (tmp_path / "warehouse.duckdb").unlink()
    run_replay(settings, None, None, now=NOW + 90 * DAY, report=lambda _: None)
    assert comparisons(tmp_path) == before


def test_a_run_that_was_found_keeps_its_lines_up_to_the_end_of_the_night_and_no_more_in_a_replay(tmp_path, monkeypatch):
    with served(tmp_path, drop_runs=0.5, long_runs=0.5, runs_per_day=40) as (box, settings):
        instead(monkeypatch, box, lambda target: box.configure(drop_runs=0.0) if "runs-stats" in target else None)
        end = START + 2 * DAY + timedelta(hours=1)
        nightly(settings, until=end)
        true = truth(box.config)
    logs = [log for log in true.logs.values() if START + 2 * DAY <= log["timestamp"] < end]
    late = {log["id"] for log in logs if START + DAY <= true.runs[log["run_id"]]["created_at"] < START + 2 * DAY}
    assert late
    assert late <= held(tmp_path)["logs"].keys()
    stored = dump(tmp_path)
    (tmp_path / "warehouse.duckdb").unlink()
    run_replay(settings, None, None, now=NOW, report=lambda _: None)
    assert dump(tmp_path) == stored


def test_the_command_shows_both_figures_of_each_day_and_heals_when_it_is_told_to(tmp_path):
    with serve(replace(SMALL, api_key=KEY, drop_runs=0.2)) as box, environment(tmp_path / "home", box):
        assert flowledger("reconcile", "--from", FIRST, "--to", SECOND).code == 2
        flowledger("backfill", "--from", FIRST, "--to", SECOND)
        span = ("reconcile", "--from", FIRST, "--to", "2025-11-21")
        told = flowledger(*span)
        assert told.code == 0, told.said
        assert re.search(rf"^{FIRST} +ok +16 +16 +11\.673018 +11\.673018", told.out, re.MULTILINE)
        assert "Not compared: 2 days from 2025-11-19 to 2025-11-20." in told.out
        told = flowledger("reconcile", "--from", SECOND, "--to", "2025-11-21")
        assert told.code == 3
        assert "could be compared: none was read whole, or has ended." in told.out
        flowledger("backfill", "--from", SECOND, "--to", "2025-11-20")
        told = flowledger(*span)
        assert told.code == 3
        assert re.search(rf"^{SECOND} +mismatch +12 +14 +9\.00250898 +9\.40250898 +the list", told.out, re.MULTILINE)
        assert flowledger(*span).code == 3, "who asks is told, whether it is known or not"
        box.configure(drop_runs=0.0)
        told = flowledger(*span, "--heal")
        assert told.code == 0, told.said
        assert re.search(rf"^{SECOND} +healed +14 +14", told.out, re.MULTILINE)
        assert "Compared with the source's totals: 2 days: 1 ok, 1 healed" in told.out


COUNTED_OTHERWISE = [
    ({"stats_decimals": 2, "stats_rounding": "run", "stats_zone_hours": 5}, "ok", ""),
    ({"stats_bounds_hours": -2.0}, "mismatch", "days seem to begin at midnight of "),
    ({"unreadable_targets": ("comfyui_workflow",)}, "ok mismatch", "no run of a ComfyUI workflow was ever read"),
    ({"stats_spend_error": "0.01"}, "provisional", "younger than a week"),
    ({"stats_count_error": -1}, "mismatch", "fewer runs than it lists"),
]


@pytest.mark.parametrize(("switches", "statuses", "told"), COUNTED_OTHERWISE, ids=str)
def test_a_source_that_counts_otherwise_is_equal_where_that_can_be_told_and_explained_where_it_cannot(
    tmp_path, switches, statuses, told
):
    with served(tmp_path, **switches) as (_, settings):
        outcome = nightly(settings)
    assert set(newest(tmp_path).values()) == set(statuses.split())
    assert outcome.exit_code == (3 if "mismatch" in statuses else 0)
    assert any(told in each.explanation for each in outcome.comparisons)
    assert all(told in each.explanation for each in outcome.comparisons if each.status != "ok")


def test_runs_that_the_source_deleted_stay_stored_and_leave_the_day_equal_however_it_counts_them(tmp_path):
    with served(tmp_path, gone_runs=0.3, gone_after_hours=26.0) as (box, settings):
        for now, gone in ((START + 1.2 * DAY, False), (NOW, False), (NOW, True)):
            box.configure(now=now, stats_gone=gone)
            nightly(settings, now)
        day = published(
            tmp_path, f"SELECT is_reconciled, gone_runs, runs_here FROM marts.reconciliation WHERE day = '{FIRST}'"
        )
        assert day[0][0]
        assert day[0][1] > 0
        assert newest(tmp_path)[FIRST] == "ok"
        stored = asked(tmp_path, f"SELECT count(*) FROM warehouse.main.runs WHERE created_at::DATE = '{FIRST}'")
        assert stored[0][0] == day[0][2] + day[0][1]


def test_a_backfill_that_was_killed_before_it_proved_is_proven_when_it_is_resumed(tmp_path, monkeypatch):
    async def killed(*_, **__):
        raise RuntimeError("killed")

    with served(tmp_path) as (_, settings):
        with monkeypatch.context() as patch:
            patch.setattr(ingest, "prove", killed)
            with pytest.raises(RuntimeError, match="killed"):
                backfill(settings, START, NOW, DAY)
        assert comparisons(tmp_path) == []
        resumed = backfill(settings, START, START + 2 * DAY, DAY, resume=True)
        assert (resumed.windows, newest(tmp_path)) == (0, {FIRST: "ok", SECOND: "ok"})


def test_what_fails_while_proving_fails_no_load_and_is_told(tmp_path, monkeypatch):
    def broken(*_):
        raise duckdb.OutOfMemoryException("Out of Memory Error: 1 GB is not enough")

    monkeypatch.setattr(completeness, "incomplete_runs", broken)
    with served(tmp_path) as (box, settings):
        outcome = nightly(settings)
        assert (outcome.exit_code, outcome.failed, [each.check for each in outcome.findings]) == (3, (), ["not_proven"])
        assert outcome.published
        assert missing(box, tmp_path) == []
