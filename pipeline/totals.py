"""The source's totals of one UTC day, read out of an answer of `GET /v1/runs-stats`.

In: the JSON of one answer and the request that brought it. Out: `DayTotals`; an answer that tells no total is one with
its reason, and no error: days that cannot be compared must not stop a load. Source: API contract 1.9.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from pipeline import endpoints
from pipeline.canonical import LIMIT, money, text_of, value_of
from pipeline.day import DayTotals
from pipeline.errors import BrokenBody
from pipeline.values import Request

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
MOST_RUNS = 2**63 - 1
ROUNDINGS = (ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_DOWN)
_EXACT = Context(prec=60)
# Of an error's body in each shape on record (API contract 2.8).
ERROR_KEYS = {"error", "errors", "code", "message", "detail"}


def request_for(day: date) -> Request:
    """The question for one UTC day. The API counts both bounds in, so it ends on the day's last microsecond."""
    first = start_of(day)
    return endpoints.stats(first, first + DAY - MICROSECOND)


def start_of(day: date) -> datetime:
    """Midnight UTC at which the day begins."""
    return datetime.combine(day, time(), UTC)


def whole_days(start: datetime, end: datetime) -> list[date]:
    """The UTC days that lie in [start, end) from midnight to midnight, in order."""
    first = (start.astimezone(UTC) + DAY - MICROSECOND).date()
    return [first + DAY * n for n in range((end.astimezone(UTC).date() - first).days)]


def not_given(request: Request, status: int, asked_at: datetime) -> DayTotals:
    """The day of a question that was answered with something else than 200."""
    return DayTotals(_day_of(request), asked_at, reason=f"{request.path} answered {status}")


def totals_of(json: bytes, request: Request, asked_at: datetime) -> DayTotals:
    """The sum of the buckets that came: a source whose days begin at another hour sends two for one UTC day.

    A source that sends days far from the one that was asked has not heard the bounds; then only that day's counts.
    BrokenBody when the body is no JSON at all, or an error.
    """
    day = _day_of(request)
    try:
        answer = value_of(json)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BrokenBody(f"The API answered 200 with something that is no JSON: {error}") from None
    if isinstance(answer, dict) and "timeline" not in answer and ERROR_KEYS & answer.keys():
        raise BrokenBody("The API answered 200 with an error in the place of totals.")
    timeline = answer.get("timeline") if isinstance(answer, dict) else None
    if not isinstance(timeline, list):
        return DayTotals(day, asked_at, reason=f"{request.path} answered without a timeline")
    try:
        buckets = _of_day(timeline, day)
        counts = [_count(bucket) for bucket in buckets]
        spends = [_spend(bucket) for bucket in buckets]
        runs, spend = _stored_exactly(sum(counts), sum((amount for amount, _ in spends), Decimal(0)))
    except (KeyError, TypeError, ValueError):
        return DayTotals(day, asked_at, reason=f"{request.path} answered a timeline whose runs or spend cannot be read")
    decimals = max((places for _, places in spends), default=0)
    is_number = any(isinstance(bucket["spend"], Decimal) for bucket in buckets)
    return DayTotals(day, asked_at, runs, spend, decimals, is_number=is_number)


def equal_at(here: Decimal, there: Decimal, decimals: int) -> bool:
    """Whether the two are the same amount at so many decimals, whichever way the source rounds what it adds up."""
    scale = Decimal(1).scaleb(-decimals)
    there = there.quantize(scale, ROUND_HALF_EVEN, _EXACT)
    return any(here.quantize(scale, rounding, _EXACT) == there for rounding in ROUNDINGS)


def _day_of(request: Request) -> date:
    return datetime.fromisoformat(dict(request.params)["start"]).astimezone(UTC).date()


def _of_day(buckets: list[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    dates = [_date(bucket) for bucket in buckets]
    if all(each is None or abs(each - day) <= DAY for each in dates):
        return buckets
    return [bucket for bucket, each in zip(buckets, dates, strict=True) if each == day]


def _date(bucket: dict[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(bucket["date"])[:10])
    except (KeyError, ValueError):
        return None


def _count(bucket: dict[str, Any]) -> int:
    count = bucket["runs"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(count)
    return count


def _stored_exactly(runs: int, spend: Decimal) -> tuple[int, Decimal]:
    """The two as they are. ValueError when the ledger cannot hold them: such a total makes no sense."""
    if runs > MOST_RUNS or spend.copy_abs() >= LIMIT:
        raise ValueError(runs, spend)
    return runs, spend


def _spend(bucket: dict[str, Any]) -> tuple[Decimal, int]:
    """The amount, exact, and the decimals it was printed with. No amount is nothing spent."""
    amount = bucket["spend"]
    if amount is None:
        return Decimal(0), 0
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise TypeError(amount)
    exact = money(text_of(amount))
    if exact is None:
        raise ValueError(amount)
    exponent = Decimal(str(amount)).as_tuple().exponent
    return exact, max(0, -exponent) if isinstance(exponent, int) else 0
