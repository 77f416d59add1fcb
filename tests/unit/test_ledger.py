"""The ledger: loads, coverage, the watermark, and what waits to be settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pipeline import ledger, loads, outstanding
from pipeline.values import Batch, Finding, Merged, Outcome, Reject, Window
from pipeline.warehouse import connect, transaction

NOW = datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)
D22 = datetime(2026, 11, 22, tzinfo=UTC)
RUN = "01939d5e-0000-7000-8000-{:012d}"


@pytest.fixture
def con(tmp_path):
    con = connect(tmp_path / "warehouse.duckdb", ("https://api.example", None))
    yield con
    con.close()


@pytest.fixture
def load(con):
    return loads.begin_load(con, "nightly", {"until": "2026-11-24T03:00Z"}, NOW)


def rows(con, sql: str) -> list[tuple]:
    return con.execute(sql).fetchall()


def store_run(con, number: int, *, terminal: bool = False, created: datetime | None = D22, nodes: int = 0) -> str:
    run = RUN.format(number)
    con.execute(
        "INSERT INTO warehouse.main.runs (id, created_at, _terminal, nodes_completed) VALUES (?, ?, ?, ?)",
        [run, created, terminal, nodes],
    )
    return run


def fail_after(work) -> None:
    work()
    raise ZeroDivisionError


def touch(con, *runs: str) -> str:
    con.execute("CREATE OR REPLACE TEMP TABLE touched (id UUID)")
    con.executemany("INSERT INTO touched VALUES (?)", [[run] for run in runs])
    return "touched"


def reject(*, row: str | None = "a", observation: int = 1, path: str = "cost", raw: str = "{}") -> Reject:
    return Reject("run", row, path, "is no amount", raw, "/v1/runs", "ab", observation, NOW)


def test_loads_count_from_one_and_their_names_sort_in_time(con, load):
    later = loads.begin_load(con, "log", {}, NOW + DAY)
    assert (load.number, later.number) == (1, 2)
    assert load.load_id == "20261124T030405Z-000001"
    assert load.load_id < later.load_id


def test_a_load_that_still_runs_when_another_begins_was_interrupted(con, load):
    loads.begin_load(con, "nightly", {}, NOW + DAY)
    assert rows(con, "SELECT status FROM warehouse.ledger.loads ORDER BY number") == [("interrupted",), ("running",)]


def test_a_finished_load_says_what_it_did(con, load):
    finding = Finding("open_for_long", "warn", "A run is open for 40 days.", 1)
    merged = {"logs": Merged(inserted=5, unchanged=2), "runs": Merged(updated=1)}
    outcome = Outcome("nightly", load.load_id, 3, 2, (), merged, (finding,), 1, 10, 1, 99, 1.0, "v1")
    loads.record_findings(con, load, [finding], NOW)
    loads.finish_load(con, load, outcome, NOW + DAY)
    told = rows(con, "SELECT status, exit_code, windows, inserted, updated, published FROM warehouse.ledger.loads")
    assert told == [("done", 3, 2, 5, 1, "v1")]
    assert rows(con, "SELECT check_name FROM warehouse.ledger.findings") == [("open_for_long",)]


def test_a_load_with_exit_code_one_failed(con, load):
    loads.finish_load(con, load, Outcome("nightly", load.load_id, 1), NOW)
    assert rows(con, "SELECT status FROM warehouse.ledger.loads") == [("failed",)]


def test_a_replayed_load_is_entered_once_and_the_next_number_is_free(con):
    for _ in range(2):
        again = loads.replayed_load(con, "20260101T000000Z-000007", 7, "nightly", NOW)
    assert again == loads.Load("20260101T000000Z-000007", 7)
    assert loads.begin_load(con, "nightly", {}, NOW).number == 8


def test_the_watermark_never_moves_back(con, load):
    assert ledger.watermark(con) is None
    for value in (D22, D22 + DAY, D22 - DAY):
        ledger.set_watermark(con, load, value, NOW)
    assert ledger.watermark(con) == D22 + DAY


def test_the_watermark_of_a_rolled_back_commit_is_not_kept(con, load):
    with pytest.raises(ZeroDivisionError), transaction(con):
        fail_after(lambda: ledger.set_watermark(con, load, D22, NOW))
    assert ledger.watermark(con) is None


def test_coverage_of_logs_and_of_runs_are_two_things(con, load):
    window = Window(D22, D22 + DAY)
    ledger.record_window(con, load, 0, window, Batch({}, logs_covered=window), NOW)
    assert ledger.covered(con, "logs") == [(D22, D22 + DAY)]
    assert ledger.covered(con, "runs") == []
    assert ledger.window_done(con, Window(D22, D22 + DAY, logs=True, runs=False))
    assert not ledger.window_done(con, window)


def test_a_window_in_parts_is_done_when_the_parts_cover_it(con, load):
    window, half = Window(D22, D22 + DAY), D22 + DAY / 2
    first = Batch({}, logs_covered=Window(D22, half))
    last = Batch({}, logs_covered=Window(half, D22 + DAY), runs_covered=window)
    ledger.record_window(con, load, 0, window, first, NOW)
    assert not ledger.window_done(con, window)
    ledger.record_window(con, load, 1, window, last, NOW)
    assert ledger.window_done(con, window)
    assert ledger.covered(con, "logs") == [(D22, D22 + DAY)]


def test_every_commit_is_on_record_and_a_failed_window_covers_nothing(con, load):
    ledger.record_window(con, load, 0, None, Batch({}), NOW)
    ledger.window_failed(con, load, Window(D22, D22 + DAY), "patience ended", NOW)
    assert ledger.commits(con) == {(load.number, 0)}
    assert ledger.committed(con, load.number, 0)
    assert not ledger.committed(con, load.number, 1)
    assert ledger.covered(con, "logs") == []
    assert rows(con, "SELECT command, status FROM warehouse.ledger.windows ORDER BY status") == [
        ("nightly", "done"),
        ("nightly", "failed"),
    ]


def test_a_commit_that_is_replayed_is_on_record_once(con, load):
    window = Window(D22, D22 + DAY)
    for _ in range(2):
        ledger.record_window(con, load, 0, window, Batch({}, logs_covered=window), NOW)
    assert rows(con, "SELECT count(*) AS n FROM warehouse.ledger.windows") == [(1,)]


def test_a_run_is_open_until_it_ends_or_is_gone(con):
    going, ended, vanishing = store_run(con, 1), store_run(con, 2, terminal=True), store_run(con, 3)
    with transaction(con):
        outstanding.refresh_open_runs(con, touch(con, going, ended, vanishing), NOW)
    listed = "SELECT run_id::VARCHAR AS id, reads FROM warehouse.ledger.open_runs ORDER BY run_id"
    assert rows(con, listed) == [(going, 1), (vanishing, 1)]
    con.execute("UPDATE warehouse.main.runs SET _gone_at = ? WHERE id = ?", [NOW, vanishing])
    outstanding.refresh_open_runs(con, touch(con, going, vanishing), NOW + DAY)
    assert rows(con, listed) == [(going, 2)]
    con.execute("UPDATE warehouse.main.runs SET _terminal = true WHERE id = ?", [going])
    outstanding.refresh_open_runs(con, touch(con, going), NOW + DAY)
    assert rows(con, listed) == []


def test_an_open_run_is_due_every_night_and_a_young_one_within_the_hour(con):
    old, young, unknown = (store_run(con, n, created=at) for n, at in ((1, NOW - 29 * DAY), (2, NOW), (3, None)))
    outstanding.refresh_open_runs(con, touch(con, old, young, unknown), NOW)
    assert young in outstanding.open_runs_due(con, NOW + timedelta(hours=1), NOW + DAY)
    assert old not in outstanding.open_runs_due(con, NOW + timedelta(hours=1), NOW + DAY)
    assert set(outstanding.open_runs_due(con, NOW + timedelta(hours=23), NOW + DAY)) == {old, young, unknown}
    assert set(outstanding.open_runs_due(con, NOW + DAY, NOW)) == {old, unknown}


def test_a_run_that_never_ends_is_read_less_and_less_often(con):
    ages = [timedelta(days=days) for days in (31, 300)]
    month, year = (store_run(con, n, created=NOW - age) for n, age in enumerate(ages, 1))
    outstanding.refresh_open_runs(con, touch(con, month, year), NOW)
    assert outstanding.open_runs_due(con, NOW + DAY, NOW) == []
    assert outstanding.open_runs_due(con, NOW + 2 * DAY, NOW) == [month]
    assert set(outstanding.open_runs_due(con, NOW + 17 * DAY, NOW)) == {month, year}


def test_a_night_after_failed_first_ones_begins_where_they_began(con, load):
    assert ledger.first_night(con) is None
    for start in (D22, D22 + DAY):
        ledger.window_failed(con, load, Window(start, start + DAY), "no", NOW)
    assert ledger.first_night(con) == D22
    ledger.set_watermark(con, load, D22 + DAY, NOW)
    assert ledger.first_night(con) is None


def test_an_old_good_copy_does_not_close_a_reject_that_came_later(con, load):
    con.execute("CREATE TEMP TABLE read AS SELECT 'a' AS id, 4 AS _observation")
    outstanding.record_rejects(con, load, (reject(observation=5),), NOW)
    outstanding.close_rejects(con, "run", "read", NOW)
    assert rows(con, "SELECT status FROM warehouse.ledger.rejects") == [("open",)]
    con.execute("UPDATE read SET _observation = 5")
    outstanding.close_rejects(con, "run", "read", NOW)
    assert rows(con, "SELECT status FROM warehouse.ledger.rejects") == [("loaded",)]


def test_what_is_told_in_the_same_words_is_no_news_but_rejected_rows_are(con, load):
    told = [Finding("relation_not_given", "warn", "x"), Finding("rejected_rows", "warn", "1 row")]
    loads.record_findings(con, load, told, NOW)
    later = loads.begin_load(con, "nightly", {}, NOW)
    assert loads.new_findings(con, later, [*told, Finding("relation_not_given", "warn", "y")]) == [
        told[1], Finding("relation_not_given", "warn", "y"),
    ]  # fmt: skip


def test_runs_created_in_a_window_are_half_open_and_without_the_gone(con):
    first, _, gone = store_run(con, 1), store_run(con, 2, created=D22 + DAY), store_run(con, 3)
    con.execute("UPDATE warehouse.main.runs SET _gone_at = ? WHERE id = ?", [NOW, gone])
    assert ledger.run_ids_created_in(con, Window(D22, D22 + DAY)) == {first}


def test_node_runs_are_whole_when_as_many_are_stored_as_the_run_counts(con):
    whole, short, none, going = (
        store_run(con, n, terminal=t, nodes=c) for n, t, c in ((1, True, 2), (2, True, 2), (3, True, 0), (4, False, 1))
    )
    con.executemany(
        "INSERT INTO warehouse.main.node_runs (id, run_id, _terminal) VALUES (?, ?, ?)",
        [[UUID(int=i), run, i != 3] for i, run in enumerate((whole, whole, short, short, going))],
    )
    asked = [whole, short, none, going, "no uuid"]
    assert ledger.runs_with_all_node_runs(con, asked) == {whole}
    assert ledger.runs_with_all_node_runs(con, []) == set()


def test_a_poison_row_is_one_reject_however_often_and_wherever_it_is_read(con, load):
    with transaction(con):
        assert outstanding.record_rejects(con, load, (reject(path="items[3].cost"),), NOW) == 1
        assert outstanding.record_rejects(con, load, (reject(path="items[4].cost", observation=2),), NOW) == 0
        assert outstanding.record_rejects(con, load, (reject(path="items[4].cost", observation=2),), NOW) == 0
        assert outstanding.record_rejects(con, load, (), NOW) == 0
    assert rows(con, "SELECT times, path, status FROM warehouse.ledger.rejects") == [(2, "items[4].cost", "open")]


def test_poison_rows_without_an_id_are_told_apart_by_their_text(con, load):
    poison = tuple(reject(row=None, raw=raw, observation=i) for i, raw in enumerate(("x", "y", "x")))
    assert outstanding.record_rejects(con, load, poison, NOW) == 2
    assert rows(con, "SELECT raw, times FROM warehouse.ledger.rejects ORDER BY raw") == [("x", 2), ("y", 1)]


def test_a_poison_row_without_an_id_is_the_same_whatever_came_inside_it(con, load):
    raws = ('{"message":7,"run":{"id":"a"}}', '{"run":null,"message":7}', '{"message":7}', '{"message":8}', "[7]")
    poison = tuple(Reject("log", None, "message", "bad", raw, "/v1", "sha", n, NOW) for n, raw in enumerate(raws))
    assert outstanding.record_rejects(con, load, poison, NOW) == 3
    assert outstanding.record_rejects(con, load, poison[:1], NOW) == 0


def test_a_reject_closes_when_its_row_loads_and_opens_when_it_fails_again(con, load):
    con.execute("CREATE TEMP TABLE read AS SELECT 'a' AS id, 1 AS _observation")
    outstanding.record_rejects(con, load, (reject(),), NOW)
    outstanding.close_rejects(con, "log", "read", NOW)
    assert rows(con, "SELECT status FROM warehouse.ledger.rejects") == [("open",)]
    outstanding.close_rejects(con, "run", "read", NOW)
    assert rows(con, "SELECT status, resolved_at FROM warehouse.ledger.rejects")[0][0] == "loaded"
    assert outstanding.record_rejects(con, load, (reject(observation=2),), NOW) == 1
    assert rows(con, "SELECT status, resolved_at FROM warehouse.ledger.rejects") == [("open", None)]


def test_a_discarded_reject_stays_discarded(con, load):
    outstanding.record_rejects(con, load, (reject(),), NOW)
    con.execute("UPDATE warehouse.ledger.rejects SET status = 'discarded', resolved_at = ?", [NOW])
    assert outstanding.record_rejects(con, load, (reject(observation=2),), NOW) == 0
    assert rows(con, "SELECT status, times FROM warehouse.ledger.rejects") == [("discarded", 2)]


def test_a_partition_is_dirty_once_until_it_is_published(con):
    outstanding.mark_dirty(con, "logs", ["2026-11-22", "2026-11-22", "unknown"])
    outstanding.mark_dirty(con, "logs", ["2026-11-22"])
    outstanding.mark_dirty(con, "flows", ["all"])
    outstanding.mark_dirty(con, "flows", [])
    everything = [("flows", "all"), ("logs", "2026-11-22"), ("logs", "unknown")]
    assert outstanding.dirty_partitions(con) == everything
    outstanding.clear_dirty(con, [])
    outstanding.clear_dirty(con, everything[:2])
    assert outstanding.dirty_partitions(con) == everything[2:]
