"""One UTC day as the source counts it, and as it compares with what is stored: plain values and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class DayTotals:
    """What the source says of one UTC day: its runs by created_at, and their cost in USD.

    runs, spend: None when it gave no total, and `reason` says why. decimals: how many the spend was printed with.
    is_number: it was no JSON string, so it may have been added up in floating point.
    """

    day: date
    asked_at: datetime
    runs: int | None = None
    spend: Decimal | None = None
    decimals: int = 0
    reason: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One day here and there. status: ok, healed, provisional, mismatch or unavailable.

    differs: the two are not equal in any way that a source might count.
    is_new: it tells something else than the comparison of this day before it.
    read_again: a load has read the day again, and these figures were left.
    """

    day: date
    status: str
    runs_here: int
    runs_there: int | None
    spend_here: Decimal
    spend_there: Decimal | None
    explanation: str
    checked_at: datetime
    decimals: int
    open_runs: int
    open_spend: Decimal
    gone_runs: int
    differs: bool = False
    is_new: bool = True
    read_again: bool = False
