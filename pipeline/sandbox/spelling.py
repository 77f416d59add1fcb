"""How values are written on the wire: times, decimals, and signatures of URLs."""

from __future__ import annotations

import itertools
import zlib
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec

from pipeline.sandbox.catalog import MARK
from pipeline.sandbox.config import Config
from pipeline.sandbox.seeded import digest, number

ZONES = ("Z", "+00:00", "+02:00")
DECIMALS = ("string", "number", "exponent", "exponent-number")
STYLES = ("aws", "cloudfront", "gcs")
MARK_BYTES = MARK.encode()
PROVEN = 60
"""So many bytes of the end of a URL tell it from others."""
BERLIN = timezone(timedelta(hours=2))


class Speller:
    """Writes clean objects as the switches say. `mixed` chooses by the value, so that it is repeatable."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def spell(self, value: Any) -> Any:
        """The same structure with every time and decimal spelled."""
        if isinstance(value, dict):
            return {key: self.spell(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self.spell(held) for held in value]
        if isinstance(value, datetime):
            return self.time(value)
        return self.decimal(value) if isinstance(value, Decimal) else value

    def time(self, moment: datetime) -> str:
        """The moment in RFC 3339."""
        zone, fraction = self._config.zone, self._config.fraction
        if zone == "mixed":
            zone = ZONES[zlib.crc32(str(moment).encode()) % len(ZONES)]
        if zone == "+02:00":
            moment = moment.astimezone(BERLIN)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S")
        if fraction == "3":
            text += f".{moment.microsecond // 1000:03d}"
        elif fraction == "6" or (fraction == "auto" and moment.microsecond):
            text += f".{moment.microsecond:06d}"
        return text + zone

    def decimal(self, value: Decimal) -> str | msgspec.Raw | None:
        """The decimal as a string, a number or null. `exponent` is what Python makes of 1E-7 and 0E-8."""
        how = self._config.decimals
        if how == "mixed":
            how = DECIMALS[zlib.crc32(str(value).encode()) % len(DECIMALS)]
        if how == "null":
            return None
        text = f"{value:E}" if how.startswith("exponent") else f"{value:f}"
        return msgspec.Raw(text.encode()) if how.endswith("number") else text


class Signer:
    """Signs URLs when they are read: a body holds MARK where the query goes, until here."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._reads = itertools.count(1)

    def query(self, now: datetime, n: int) -> str:
        """The query of the n-th signature. The credentials are made up."""
        proof = digest("signature", n).hex() + digest("proof", n).hex()
        style = self._config.signature
        style = STYLES[n % len(STYLES)] if style == "mixed" else style
        if style == "cloudfront":
            return f"?Expires={int(now.timestamp()) + 86_400}&Signature={proof}&Key-Pair-Id=KSANDBOX"
        brand, algorithm = ("Goog", "GOOG4-RSA-SHA256") if style == "gcs" else ("Amz", "AWS4-HMAC-SHA256")
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        credential = f"ASIASANDBOX%2F{stamp[:8]}%2Feu-central-1%2Fs3%2Faws4_request"
        return (
            f"?X-{brand}-Algorithm={algorithm}&X-{brand}-Credential={credential}&X-{brand}-Date={stamp}"
            f"&X-{brand}-Expires=259200&X-{brand}-SignedHeaders=host&X-{brand}-Signature={proof}"
        )

    def early(self, body: bytes, now: datetime) -> bytes:
        """Signs what is signed the same at every read."""
        if self._config.signing not in {"none", "fixed"} or MARK_BYTES not in body:
            return body
        if not self.fixed:
            return body.replace(MARK_BYTES, b"")
        # A signature proves its own URL, so that of another URL is another.
        parts = body.split(MARK_BYTES)
        day = now.replace(hour=0)
        signed = (part + self.query(day, number(part[-PROVEN:])).encode() for part in parts[:-1])
        return b"".join(signed) + parts[-1]

    @property
    def fixed(self) -> bool:
        """Whether the signature never changes."""
        return self._config.signing == "fixed"

    def item(self, body: bytes, now: datetime) -> bytes:
        """Signs one item of a page, if items are signed one by one."""
        if self._config.signing == "item":
            return body.replace(MARK_BYTES, self.query(now, next(self._reads)).encode())
        if self._config.signing == "url" and MARK_BYTES in body:
            first, *rest = body.split(MARK_BYTES)
            return first + b"".join(self.query(now, next(self._reads)).encode() + part for part in rest)
        return body

    def page(self, body: bytes, now: datetime) -> bytes:
        """Signs what is left."""
        if MARK_BYTES not in body:
            return body
        return body.replace(MARK_BYTES, self.query(now, next(self._reads)).encode())
