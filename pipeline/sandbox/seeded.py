"""Everything random, as a pure function of names: ids, shares and streams."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from random import Random

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
DAY = 86_400 * SECOND


def digest(*parts: object) -> bytes:
    """16 bytes that depend on all the parts."""
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()


def number(*parts: object) -> int:
    """A 63-bit number."""
    return int.from_bytes(digest(*parts)[:8], "big") >> 1


def chance(*parts: object) -> float:
    """A number in [0, 1)."""
    return int.from_bytes(digest(*parts)[:6], "big") / 2**48


def stream(*parts: object) -> Random:
    """A generator of its own for a thing, so that one more draw here changes nothing there."""
    return Random(number(*parts))


def random_id(*parts: object) -> str:
    """A UUID of version 4."""
    text = digest("id", *parts).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"


def timed_id(us: int, *parts: object) -> str:
    """A UUID of version 7 for a moment in microseconds."""
    text = digest("id", *parts).hex()
    time = f"{us // 1000:012x}"
    return f"{time[:8]}-{time[8:]}-7{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"


def to_us(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def to_time(us: int) -> datetime:
    """The moment of so many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=us)
