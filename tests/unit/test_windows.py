"""What a night reads, on the dates that matter."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipeline.errors import UsageError
from pipeline.values import Window
from pipeline.windows import contiguous_end, gaps, merged, plan_nightly, split

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(day, hour=0, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def plan(watermark, end, start=None, lookback=3 * DAY, sweep=14 * DAY):
    return plan_nightly(watermark, end, start, lookback, sweep)


def logs_of(windows):
    return [window for window in windows if window.logs]


def test_the_first_night_reads_logs_and_runs_from_the_start_cut_at_midnight():
    assert plan(None, at(3, 2), at(1, 12)) == [
        Window(at(1, 12), at(2)),
        Window(at(2), at(3)),
        Window(at(3), at(3, 2)),
    ]


def test_the_first_night_without_a_start_reads_thirty_days():
    windows = plan(None, at(30, 6))
    assert windows[0].start == at(30, 6) - 30 * DAY
    assert all(window.logs and window.runs for window in windows)


def test_a_later_night_reads_logs_from_the_lookback_and_runs_from_the_sweep():
    windows = plan(at(20, 2), at(21, 2))
    assert (windows[0].start, windows[-1].end) == (at(6, 2), at(21, 2))
    assert logs_of(windows)[0].start == at(17, 2)
    assert all(window.runs for window in windows)


def test_logs_do_not_begin_inside_a_window():
    windows = plan(at(20, 2), at(21, 2))
    assert [(w.start, w.logs) for w in windows if w.start.day <= 17] == [
        (at(6, 2), False),
        (at(13), False),
        (at(17, 2), True),
    ]


def test_after_missed_nights_the_runs_of_those_nights_are_read_too():
    windows = plan(at(1), at(29), sweep=2 * DAY)
    assert windows[0].start == at(1) - 3 * DAY
    assert all(window.logs and window.runs for window in windows)


def test_after_missed_nights_every_run_whose_sweep_was_not_over_is_read_once_more():
    windows = plan(at(15), at(29))
    assert windows[0].start == at(1)
    assert logs_of(windows)[0].start == at(12)


def test_neither_logs_nor_runs_are_read_from_before_the_start_of_the_history():
    """Two nights and one backfill from the same start load the same rows."""
    windows = plan(at(11), at(12), start=at(10))
    assert windows == [Window(at(10), at(11)), Window(at(11), at(12))]


def test_a_start_after_the_watermark_leaves_nothing_out():
    windows = plan(at(11), at(20), start=at(15), sweep=2 * DAY)
    assert windows[0] == Window(at(8), at(9))


def test_an_end_before_everything_plans_nothing():
    assert plan(None, at(1), at(2)) == []
    assert plan(None, at(1), at(1)) == []


def test_a_watermark_in_the_future_still_leaves_the_newest_logs_to_read():
    windows = plan(at(20), at(10))
    assert logs_of(windows)[0].start == at(7)
    assert (windows[0].start, windows[-1].end) == (at(10) - 14 * DAY, at(10))


def test_midnight_is_that_of_utc_whatever_the_offset_of_the_end():
    windows = plan(None, datetime(2026, 11, 3, 5, tzinfo=timezone(5 * HOUR)), at(2))
    assert windows == [Window(at(2), at(3))]


def test_split_keeps_the_given_start_and_shortens_the_last_window():
    assert split(at(1, 6), at(3), DAY) == [Window(at(1, 6), at(2, 6)), Window(at(2, 6), at(3))]


def test_an_empty_or_reversed_span_has_no_windows():
    assert split(at(2), at(2), DAY) == []
    assert split(at(3), at(2), DAY) == []


@pytest.mark.parametrize("width", [timedelta(0), -DAY])
def test_a_width_that_is_not_above_zero_is_wrong_usage(width):
    with pytest.raises(UsageError, match="above 0"):
        split(at(1), at(2), width)


def test_far_too_many_windows_are_wrong_usage():
    with pytest.raises(UsageError, match="choose wider ones"):
        split(at(1), at(20), timedelta(seconds=1))


def test_a_gap_of_one_microsecond_ends_the_contiguous_prefix():
    tick = timedelta(microseconds=1)
    assert contiguous_end([(at(1), at(2)), (at(2), at(3))], at(1)) == at(3)
    assert contiguous_end([(at(1), at(2)), (at(2) + tick, at(3))], at(1)) == at(2)
    assert gaps([(at(1), at(2)), (at(2) + tick, at(3))], at(1), at(3)) == [(at(2), at(2) + tick)]


def test_nothing_covered_is_one_gap_and_no_progress():
    assert gaps([], at(1), at(2)) == [(at(1), at(2))]
    assert contiguous_end([], at(1)) == at(1)
    assert contiguous_end([(at(2), at(3))], at(1)) == at(1)


def test_spans_that_touch_or_overlap_become_one():
    assert merged([(at(3), at(5)), (at(1), at(2)), (at(2), at(3)), (at(4), at(4)), (at(7), at(8))]) == [
        (at(1), at(5)),
        (at(7), at(8)),
    ]
