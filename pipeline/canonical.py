"""Exact values out of JSON text: money as Decimal, free JSON in one canonical spelling. No float comes near either."""

from __future__ import annotations

import json
import re
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from pipeline.signatures import without_signatures

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_SORTED = msgspec.json.Encoder(order="sorted", decimal_format="number")
_AS_IS = msgspec.json.Encoder(decimal_format="number")

_MONEY = re.compile(rb'"?([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)"?', re.ASCII)
_EXACT = Context(prec=60)
SCALE = Decimal("1E-18")
LIMIT = Decimal(10) ** 20


@lru_cache(maxsize=65_536)
def money(json: bytes) -> Decimal | None:
    """An amount written as a JSON string or number, with or without exponent; JSON null is None.

    ValueError when DECIMAL(38,18) cannot hold it exactly.
    """
    if json == b"null":
        return None
    found = _MONEY.fullmatch(json)
    if not found or (json[:1] == b'"') != (json[-1:] == b'"'):
        raise ValueError("is no decimal number")
    amount = Decimal(found[1].decode())
    try:
        exact = amount.quantize(SCALE, context=_EXACT)
    except InvalidOperation:
        raise ValueError("does not fit DECIMAL(38,18)") from None
    if exact != amount or exact.copy_abs() >= LIMIT:
        raise ValueError("does not fit DECIMAL(38,18)")
    return exact.copy_abs() if exact == 0 else exact


def value_of(json: bytes) -> Any:
    """Any JSON text as a Python value; numbers keep their digits."""
    return _DECODER.decode(json)


def canonical(json: bytes) -> str | None:
    """Free JSON: sorted keys, no spaces, digits kept, signatures cut. JSON null is None."""
    value = _DECODER.decode(json)
    return None if value is None else without_signatures(_SORTED.encode(value)).decode()


def canonical_of(value: Any) -> str | None:
    """The canonical text of a Python value from `value_of`."""
    return None if value is None else without_signatures(_SORTED.encode(value)).decode()


def text_of(value: Any) -> bytes:
    """JSON text of a Python value, keys in their order; text that msgspec refuses is written by the lenient encoder."""
    try:
        return _AS_IS.encode(value)
    except (msgspec.MsgspecError, UnicodeError, ValueError, TypeError):
        return json.dumps(value, default=str).encode()


def lenient(text: bytes) -> Any:
    """JSON that the strict decoder refuses (lone surrogates, NaN, broken UTF-8), to tell a bad row from its neighbours.

    ValueError when it is no JSON at all.
    """
    decoded = text.decode("utf-8", "surrogateescape")
    return json.loads(decoded, parse_float=Decimal, parse_constant=Decimal, strict=False)
