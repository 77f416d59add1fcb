"""Plans are half open and contiguous and cover exactly, down to the microsecond."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows import SWEPT_DAYS, contiguous_end, gaps, merged, plan_nightly, split

ORIGIN = datetime(2026, 10, 20, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)

offsets = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.builds(lambda days, ticks: days * DAY + ticks * TICK, st.integers(1, 40), st.integers(-2, 2)),
)
moments = offsets.map(lambda offset: ORIGIN + offset)
small = st.integers(0, 12).map(lambda ticks: ORIGIN + ticks * TICK)
spans = st.lists(st.tuples(small, small), max_size=6)


def ticks(start, end):
    return {start + index * TICK for index in range((end - start) // TICK)} if start < end else set()


def covered(pieces):
    return set().union(*(ticks(start, end) for start, end in pieces))


def contiguous(windows):
    return all(first.end == second.start for first, second in pairwise(windows)) and all(
        window.start < window.end for window in windows
    )


@given(moments, moments, st.timedeltas(timedelta(minutes=10), timedelta(days=9)))
def test_a_split_is_contiguous_and_covers_exactly(start, end, width):
    windows = split(start, end, width)
    assert contiguous(windows)
    if start < end:
        assert (windows[0].start, windows[-1].end) == (start, end)
        assert all(window.end - window.start == width for window in windows[:-1])
        assert windows[-1].end - windows[-1].start <= width
    else:
        assert windows == []


@given(small, small, st.integers(1, 5))
def test_a_split_of_microseconds_gives_each_moment_to_one_window(start, end, width):
    windows = split(start, end, width * TICK)
    for moment in ticks(ORIGIN, ORIGIN + 13 * TICK):
        assert sum(window.holds(moment) for window in windows) == (start <= moment < end)


@given(
    st.none() | moments,
    moments,
    st.none() | moments,
    st.timedeltas(timedelta(0), timedelta(days=10)),
    st.timedeltas(timedelta(0), timedelta(days=20)),
)
def test_a_night_covers_everything_it_must_in_windows_cut_at_midnight(watermark, end, start, lookback, sweep):
    windows = plan_nightly(watermark, end, start, lookback, sweep)
    assert contiguous(windows)
    assert all(window.runs for window in windows)
    assert all(window.start.date() == (window.end - TICK).date() for window in windows if window.logs)
    assert all(window.end - window.start <= SWEPT_DAYS * DAY for window in windows)
    assert [window.logs for window in windows] == sorted(window.logs for window in windows)
    if windows:
        assert windows[-1].end == end
    if watermark is not None and watermark < end:
        logs = [window for window in windows if window.logs]
        assert logs
        assert logs[0].start <= watermark
        floor = start if start is not None and start <= watermark else None
        assert logs[0].start == max(watermark - lookback, floor or watermark - lookback)
        assert windows[0].start <= max(end - sweep, floor or end - sweep)


@given(spans)
def test_merging_spans_changes_no_moment_and_leaves_real_gaps(pieces):
    result = merged(pieces)
    assert covered(result) == covered(pieces)
    assert all(first[1] < second[0] for first, second in pairwise(result))


@given(spans, small, small)
def test_gaps_and_cover_together_are_the_whole_and_share_nothing(pieces, start, end):
    missing = gaps(pieces, start, end)
    assert covered(missing) == ticks(start, end) - covered(pieces)
    assert all(first[1] < second[0] for first, second in pairwise(missing))


@given(spans, small)
def test_the_contiguous_prefix_ends_at_the_first_moment_that_is_not_covered(pieces, start):
    expected, known = start, covered(pieces)
    while expected in known:
        expected += TICK
    assert contiguous_end(pieces, start) == expected
