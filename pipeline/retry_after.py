"""Reads the `Retry-After` of an answer, in both its forms."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 60.0


def retry_after(written: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date, at most 60; None for nothing, for nonsense, and for no wait."""
    if not written:
        return None
    try:
        seconds = float(written)
    except ValueError:
        try:
            moment = parsedate_to_datetime(written)
        except (ValueError, OverflowError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    # Who is told to come back at once comes back by the own backoff: there is none quicker that heals anything.
    return min(seconds, LONGEST_SECONDS) if math.isfinite(seconds) and seconds > 0 else None
