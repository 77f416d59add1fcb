"""A day is equal to the source's totals when count and exact spend are; anything else is told, with its looks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import loads, outstanding, warehouse
from pipeline.day import DayTotals
from pipeline.errors import BrokenBody
from pipeline.prove_days import MOST_DAYS, days_due, findings_of
from pipeline.reconcile import compare
from pipeline.statements import sql_text
from pipeline.tables import TABLES
from pipeline.totals import equal_at, request_for, totals_of, whole_days
from pipeline.values import Reject, Window

DAY = date(2026, 11, 10)
MIDNIGHT = datetime(2026, 11, 10, tzinfo=UTC)
HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
LATER = MIDNIGHT + 20 * ONE_DAY
SOON = MIDNIGHT + 2 * ONE_DAY


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    con = warehouse.connect(tmp_path_factory.mktemp("home") / "warehouse.duckdb", None)
    yield con
    con.close()


@pytest.fixture
def con(opened):
    opened.execute("BEGIN TRANSACTION")
    yield opened
    opened.execute("ROLLBACK")


LOAD, NEXT = loads.Load("load-1", 1), loads.Load("load-2", 2)


def store(con, *runs, at=MIDNIGHT + 6 * HOUR, **given):
    """Runs created at a moment, by their cost."""
    for cost in runs:
        row = {"cost": cost and Decimal(cost), "created_at": at, "_terminal": True, "model_id": UUID(int=1)} | given
        names = ", ".join(row)
        con.execute(
            f"INSERT INTO warehouse.main.runs (id, {names}) VALUES (uuid(), {', '.join('?' * len(row))})",
            [*row.values()],
        )


def there(runs, spend, day=DAY, asked_at=LATER, **given):
    spend = None if spend is None else str(spend)
    decimals = len(spend.partition(".")[2]) if spend else 0
    return DayTotals(day, asked_at, runs, spend and Decimal(spend), decimals, **given)


def compared(con, totals, load=LOAD, now=LATER):
    (found,) = compare(con, load, [totals], now)
    return found


def told_of(days):
    (finding,) = findings_of(days)
    return finding.detail


def entered(con):
    return con.execute(
        "SELECT day, status, runs_here, runs_there, spend_here, spend_there, load_id "
        "FROM warehouse.ledger.reconciliation ORDER BY checked_at"
    ).fetchall()


def test_the_same_runs_and_the_same_spend_are_equal_and_entered(con):
    store(con, "0.1", "0.200000000000000001", None)
    found = compared(con, there(3, "0.300000000000000001"))
    assert (found.status, found.explanation, found.differs) == ("ok", "", False)
    exact = Decimal("0.300000000000000001")
    assert entered(con) == [("2026-11-10", "ok", 3, 3, exact, exact, "load-1")]


def test_a_day_begins_at_midnight_and_ends_before_the_next(con):
    last = MIDNIGHT + ONE_DAY - timedelta(microseconds=1)
    store(con, "1", at=MIDNIGHT)
    store(con, "2", at=last)
    store(con, "4", at=MIDNIGHT - timedelta(microseconds=1))
    store(con, "8", at=MIDNIGHT + ONE_DAY)
    assert compared(con, there(2, "3")).status == "ok"
    assert dict(request_for(DAY).params) == {
        "start": "2026-11-10T00:00:00.000000Z",
        "end": "2026-11-10T23:59:59.999999Z",
    }


def test_a_day_without_runs_is_proven_too(con):
    assert compared(con, there(0, "0")).status == "ok"
    assert compared(con, there(1, "0")).status == "mismatch"


@pytest.mark.parametrize(("runs", "spend"), [(2, "0.30"), (4, "0.30"), (3, "0.29"), (3, "0.31"), (3, "0.300000001")])
def test_one_run_or_the_last_digit_more_or_less_is_a_mismatch(con, runs, spend):
    store(con, "0.1", "0.2", None)
    found = compared(con, there(runs, spend))
    assert (found.status, found.differs) == ("mismatch", True)
    assert found.explanation


@pytest.mark.parametrize("spend", ["0.34", "0.35", "0.345678", "0.345678901"])
def test_spend_is_compared_at_as_many_decimals_as_the_source_prints_however_it_rounds(con, spend):
    store(con, "0.345678901")
    assert compared(con, there(1, spend)).status == "ok"


def test_a_source_that_once_printed_more_decimals_is_held_to_them(con):
    store(con, "0.34")
    assert compared(con, there(1, "0.345678")).status == "mismatch"
    store(con, "12.504", at=MIDNIGHT + ONE_DAY)
    found = compared(con, there(1, "12.5", day=DAY + ONE_DAY))
    assert (found.status, found.decimals) == ("mismatch", 6)


def test_cents_are_compared_even_where_none_are_printed(con):
    store(con, "12.54")
    assert compared(con, there(1, "12.5")).status == "mismatch"


def test_a_source_that_rounds_each_run_is_equal_and_that_is_said(con):
    store(con, *["0.014"] * 10)
    found = compared(con, there(10, "0.10"))
    assert (found.status, found.explanation) == (
        "ok",
        "the source rounds the cost of each run to 2 decimals before it adds them up",
    )


def test_spend_may_move_for_a_week_or_while_runs_are_open_and_the_count_may_not(con):
    store(con, "0.1")
    spend, count = there(1, "0.2", asked_at=SOON), there(2, "0.1", asked_at=SOON)
    assert compared(con, spend, now=SOON).status == "provisional"
    assert compared(con, count, now=SOON).status == "mismatch"
    edge = MIDNIGHT + 8 * ONE_DAY
    assert compared(con, there(1, "0.2", asked_at=edge), now=edge - timedelta(microseconds=1)).status == "provisional"
    assert compared(con, there(1, "0.2", asked_at=edge), now=edge).status == "mismatch"
    store(con, None, _terminal=False)
    assert compared(con, there(2, "0.2")).status == "provisional"
    month = MIDNIGHT + 31 * ONE_DAY
    assert compared(con, there(2, "0.2", asked_at=month), now=month).status == "mismatch"


def test_the_age_of_a_day_is_that_of_the_answer_when_old_answers_are_replayed(con):
    store(con, "0.1")
    assert compared(con, there(1, "0.2", asked_at=SOON), now=LATER + 900 * ONE_DAY).status == "provisional"


def test_runs_that_are_gone_at_the_source_are_stored_beside_the_equal_ones(con):
    store(con, "1")
    store(con, "2", _gone_at=LATER)
    found = compared(con, there(1, "1"))
    assert (found.status, found.runs_here, found.spend_here, found.gone_runs) == ("ok", 1, 1, 1)
    assert found.explanation == "stored beside these: 1 run that the source no longer has"
    found = compared(con, there(2, "3"))
    assert (found.status, found.runs_here, found.spend_here) == ("ok", 2, 3)
    assert "still counts" in found.explanation


def test_costs_of_open_runs_that_the_source_leaves_out_make_the_day_provisional_and_no_reason_to_read_it_again(con):
    store(con, "1")
    store(con, "2", _terminal=False)
    found = compared(con, there(2, "1"))
    assert (found.status, found.differs, found.open_runs, found.open_spend) == ("provisional", False, 1, 2)
    assert compared(con, there(2, "3"), NEXT).status == "ok"


def reject(con, created_at, raw=None):
    row = Reject("run", str(UUID(int=9)), "cost", "bad", raw or f'{{"created_at":"{created_at}"}}', "", "", 1, LATER)
    outstanding.record_rejects(con, LOAD, (row,), LATER)


def nothing(con):
    """The runs that are stored are all there is."""


EXPLAINED = [
    ("quarantine", lambda con: reject(con, "2026-11-10T05:00:00Z"), (3, "9"), "1 run of the day is in quarantine"),
    ("no quarantine", lambda con: reject(con, "2026-11-11T05:00:00Z"), (3, "9"), "leaves runs out"),
    ("broken text", lambda con: reject(con, "", raw="{no json"), (3, "9"), "leaves runs out"),
    ("kinds", nothing, (5, "9"), "no run of a ComfyUI workflow or flow was ever read"),
    ("fewer", nothing, (1, "0.1"), "fewer runs than it lists"),
    ("rounding", nothing, (2, "0.31"), "rounding"),
    ("other costs", nothing, (2, "7"), "cost something else there"),
]


@pytest.mark.parametrize(("prepare", "totals", "told"), [each[1:] for each in EXPLAINED], ids=[e[0] for e in EXPLAINED])
def test_a_difference_is_explained_by_what_fits_it(con, prepare, totals, told):
    store(con, "0.1", "0.203")
    prepare(con)
    found = compared(con, there(*totals))
    assert (found.status, found.differs) == ("mismatch", True)
    assert told in found.explanation


@pytest.mark.parametrize(
    ("hours", "named"), [(2, "UTC+2"), (-5, "UTC-5"), (5.5, "UTC+5:30"), (14, "UTC+14"), (-12, "UTC-12")]
)
def test_a_source_whose_days_begin_elsewhere_is_named_by_its_offset(con, hours, named):
    start = MIDNIGHT - hours * HOUR
    store(con, "1", at=start + 12 * HOUR)
    store(con, "2", at=start)
    store(con, "4", at=start + ONE_DAY - timedelta(microseconds=1))
    store(con, "8", at=start - timedelta(microseconds=1))
    store(con, "16", at=start + ONE_DAY)
    assert f"midnight of {named}" in compared(con, there(3, "7")).explanation


def test_a_source_whose_days_begin_elsewhere_is_named_where_it_prints_cents_as_well(con):
    store(con, "1.001", at=MIDNIGHT - HOUR)
    store(con, "2.003", at=MIDNIGHT + 23 * HOUR - timedelta(microseconds=1))
    store(con, "4.002", at=MIDNIGHT + 23 * HOUR)
    assert "midnight of UTC+1" in compared(con, there(2, "3.00")).explanation


def test_each_difference_is_told_on_the_side_where_there_is_more(con):
    store(con, "9")
    day = compared(con, there(3, "4.5", asked_at=LATER))
    assert "; 2 runs there and not here, 4.5 USD here and not there." in told_of([day])
    assert "; 1 run and 9 USD here and not there." in told_of([compared(con, there(0, "0"))])


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("/v1/runs-stats answered 403", "Ask for the scope runs:read"),
        ("/v1/runs-stats did not answer", "The next run asks again"),
        ("/v1/runs-stats answered without a timeline", "The next run asks again"),
    ],
)
def test_whoever_reads_that_there_are_no_totals_knows_what_to_do(con, reason, advice):
    assert advice in told_of([compared(con, there(None, None, reason=reason))])


def test_a_difference_that_is_gone_in_the_same_load_was_healed_if_rows_came(con):
    store(con, "1")
    first = compared(con, there(2, "3"))
    store(con, "2")
    second = compared(con, there(2, "3"))
    assert (first.status, second.status) == ("mismatch", "healed")
    assert compared(con, there(2, "3"), NEXT).status == "ok"


def test_a_difference_that_is_gone_because_the_source_moved_was_not_healed(con):
    store(con, "1")
    assert compared(con, there(2, "3")).status == "mismatch"
    assert compared(con, there(1, "1")).status == "ok"


def test_every_comparison_is_kept_and_the_newest_is_the_last_whatever_the_clock_says(con):
    store(con, "1")
    for asked_at in (LATER, LATER - 400 * ONE_DAY, LATER):
        compared(con, there(2, "1", asked_at=asked_at))
    compared(con, there(1, "1", asked_at=LATER - 900 * ONE_DAY))
    rows = entered(con)
    assert [row[1] for row in rows] == ["mismatch", "mismatch", "mismatch", "ok"]


def test_what_is_told_again_is_no_news(con):
    store(con, "1")
    assert compared(con, there(2, "1")).is_new
    assert not compared(con, there(2, "1"), NEXT).is_new
    assert compared(con, there(3, "1"), NEXT).is_new


def test_a_day_was_read_again_where_one_load_compared_it_twice_and_these_figures_were_left(con):
    store(con, "1")
    told = [compared(con, there(2, "1")).read_again for _ in range(2)]
    assert (told, compared(con, there(2, "1"), NEXT).read_again) == ([False, True], True)
    assert not compared(con, there(3, "1"), loads.Load("load-3", 3)).read_again
    assert not compared(con, there(3, "1"), loads.Load("load-4", 4)).read_again, "nobody has read it again for these"


def test_sums_in_floating_point_are_equal_to_twelve_digits_and_no_further(con):
    store(con, "0.1", "0.2", "1234.567")
    close, strange = there(3, 1234.8670000000002, is_number=True), there(3, "1234.86701", is_number=True)
    found = compared(con, close)
    assert (found.status, found.explanation) == ("ok", "the source adds up in floating point: equal to twelve digits")
    assert compared(con, strange).status == "mismatch"
    assert compared(con, there(3, 1234.8670000000002)).status == "mismatch", "what is printed as text is exact"
    assert compared(con, there(4, 1234.8670000000002, is_number=True)).status == "mismatch"


def test_what_open_runs_cost_there_is_only_measured_where_a_day_tells_it(con):
    store(con, "1")
    store(con, "2", _terminal=False)
    counts_open = [
        con.execute(sql_text("reconciliation/habits.sql")).fetchall()[0][1]
        for totals in (there(3, "9"), there(2, "1"))
        if compared(con, totals)
    ]
    assert counts_open == [None, False]
    compared(con, there(2, "3"))
    assert con.execute(sql_text("reconciliation/habits.sql")).fetchall()[0][1]


def test_a_day_without_totals_is_unavailable_entered_once_and_stays_to_be_compared(con):
    con.execute("INSERT INTO warehouse.ledger.touched_days VALUES ('2026-11-10')")
    silent = there(None, None, reason="/v1/runs-stats answered 404")
    assert [compared(con, silent).status, compared(con, silent, NEXT).status] == ["unavailable", "unavailable"]
    assert [row[1] for row in entered(con)] == ["unavailable"]
    assert con.execute("SELECT day FROM warehouse.ledger.touched_days").fetchall() == [("2026-11-10",)]
    compared(con, there(0, "0"))
    assert con.execute("SELECT day FROM warehouse.ledger.touched_days").fetchall() == []


amounts = st.decimals("0", "1000", places=9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=st.lists(amounts, min_size=1, max_size=8), decimals=st.integers(2, 12), lost=st.booleans(), data=st.data())
def test_p3_no_lost_run_is_ever_equal_and_no_whole_day_differs(con, costs, decimals, lost, data):
    con.execute("DELETE FROM warehouse.main.runs; DELETE FROM warehouse.ledger.reconciliation")
    total = there(len(costs), sum(costs).quantize(Decimal(1).scaleb(-decimals)))
    gone = data.draw(st.integers(0, len(costs) - 1)) if lost else None
    store(con, *(cost for n, cost in enumerate(costs) if n != gone))
    assert (compared(con, total).status == "ok") == (gone is None)


@given(
    here=st.decimals("-1e15", "1e15", places=18), there=st.decimals("-1e15", "1e15", places=6), at=st.integers(6, 18)
)
def test_amounts_that_are_equal_differ_by_less_than_one_in_the_last_decimal(here, there, at):
    if equal_at(here, there, at):
        assert abs(here - there) < Decimal(1).scaleb(-at)
    assert equal_at(there, there, at)


def totals(text):
    return totals_of(text.encode(), request_for(DAY), LATER)


def test_the_buckets_of_a_day_are_added_up_and_keep_the_most_decimals():
    found = totals(
        '{"timeline":[{"date":"2026-11-09","runs":1,"spend":"0.1"},{"date":"2026-11-10","runs":2,"spend":"0.025"}]}'
    )
    assert (found.day, found.runs, found.spend, found.decimals) == (DAY, 3, Decimal("0.125"), 3)


def test_a_source_that_ignores_the_bounds_is_heard_for_the_day_alone():
    many = ",".join(f'{{"date":"2026-11-{n:02}","runs":{n},"spend":"1"}}' for n in range(1, 29))
    assert (totals(f'{{"timeline":[{many}]}}').runs, totals('{"timeline":[]}').runs) == (10, 0)


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{}", '{"timeline":{}}', '{"timeline":[3]}', '{"timeline":[{"spend":"1"}]}', '{"timeline":[{"runs":1}]}',
        '{"timeline":[{"runs":-1,"spend":"1"}]}', '{"timeline":[{"runs":"1","spend":"1"}]}',
        '{"timeline":[{"runs":true,"spend":"1"}]}', '{"timeline":[{"runs":1,"spend":"much"}]}',
        '{"timeline":[{"runs":1,"spend":[1]}]}', '{"timeline":[{"runs":1,"spend":"0.1234567890123456789"}]}',
        '{"timeline":[{"runs":9223372036854775808,"spend":"1"}]}',
        '{"timeline":[{"runs":1,"spend":"6e19"},{"runs":1,"spend":"6e19"}]}',
    ],
)  # fmt: skip
def test_an_answer_that_tells_no_totals_is_no_total_of_nothing(text):
    found = totals(text)
    assert (found.runs, found.spend) == (None, None)
    assert found.reason.startswith("/v1/runs-stats answered")


@pytest.mark.parametrize(
    ("spend", "exact", "decimals"),
    [('"1.50"', "1.50", 2), ("0.125", "0.125", 3), ('"1E-7"', "0.0000001", 7), ("null", "0", 0), ("3", "3", 0)],
)
def test_spend_is_read_exactly_in_each_spelling(spend, exact, decimals):
    found = totals(f'{{"timeline":[{{"date":"2026-11-10","runs":1,"spend":{spend}}}]}}')
    assert (found.spend, found.decimals) == (Decimal(exact), decimals)
    assert found.is_number == (spend == "0.125")


@pytest.mark.parametrize(
    "text", ["<html>", '{"code":"RATE_LIMITED","message":"later"}', '{"error":{"message":"later"}}']
)
def test_a_body_that_is_no_json_or_an_error_is_asked_for_again(text):
    with pytest.raises(BrokenBody):
        totals(text)


def cover(con, start, end):
    con.execute(
        "INSERT INTO warehouse.ledger.windows (load_id, status, runs_from, runs_to) VALUES ('load-1', 'done', ?, ?)",
        [start, end],
    )


def due(con, now=LATER, within=None, again=False):
    return [day.day for day in days_due(con, now, within, again=again)]


def test_due_are_days_that_have_ended_and_were_read_whole_newest_first(con):
    cover(con, MIDNIGHT - 5 * HOUR, MIDNIGHT + 30 * HOUR)
    cover(con, MIDNIGHT + 30 * HOUR, MIDNIGHT + 71 * HOUR)
    assert due(con) == [11, 10]
    assert due(con, now=MIDNIGHT + 47 * HOUR) == [10]
    assert due(con, within=Window(MIDNIGHT + HOUR, MIDNIGHT + 3 * ONE_DAY)) == [11]


def test_a_night_compares_no_more_days_than_it_has_time_for_and_who_asks_for_more_has_all(con):
    cover(con, MIDNIGHT - 500 * ONE_DAY, MIDNIGHT)
    assert (len(due(con)), len(due(con, again=True))) == (MOST_DAYS, 500)


def test_an_equal_day_is_due_again_only_when_it_was_touched_or_is_asked_for(con):
    cover(con, MIDNIGHT, MIDNIGHT + ONE_DAY)
    compared(con, there(0, "0"))
    assert (due(con), due(con, again=True)) == ([], [10])
    outstanding.mark_touched(con, ["2026-11-10", "2026-11-10"])
    outstanding.mark_touched(con, ["2026-11-10"])
    assert con.execute("SELECT count(*) FROM warehouse.ledger.touched_days").fetchall() == [(1,)]
    assert due(con) == [10]


@pytest.mark.parametrize(("age", "pause"), [(2, 20 * HOUR), (14, 20 * HOUR), (100, 5 * ONE_DAY), (400, 20 * ONE_DAY)])
def test_a_day_that_differs_is_due_again_at_growing_pauses(con, age, pause):
    cover(con, MIDNIGHT, MIDNIGHT + ONE_DAY)
    asked_at = MIDNIGHT + age * ONE_DAY
    compared(con, there(1, "0", asked_at=asked_at))
    slack = pause / 10
    assert due(con, now=asked_at + pause - slack) == []
    assert due(con, now=asked_at + pause + slack) == [10]
    assert due(con, now=asked_at - ONE_DAY) == [10], "a comparison from the future says nothing"


def test_the_whole_days_of_a_span():
    assert whole_days(MIDNIGHT, MIDNIGHT + ONE_DAY) == [DAY]
    assert whole_days(MIDNIGHT + timedelta(microseconds=1), MIDNIGHT + 2 * ONE_DAY) == [DAY + ONE_DAY]
    assert whole_days(MIDNIGHT, MIDNIGHT + ONE_DAY - timedelta(microseconds=1)) == []
    assert whole_days(MIDNIGHT + ONE_DAY, MIDNIGHT) == []


def test_every_run_column_that_is_compared_is_declared():
    assert {"cost", "created_at", "_gone_at", "_terminal"} <= {column.name for column in TABLES["runs"].stored}
