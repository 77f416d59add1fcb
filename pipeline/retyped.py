"""Tells a declared field that came as another JSON type from one whose value is bad.

The first means that the source has changed its form, and is drift; the second is a bad row and nothing more. A null is
of no type. In: JSON text. Out: words such as `object instead of decimal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Raw

from pipeline import tables
from pipeline.tables import TABLES

OF_FIRST_BYTE = {b"{": "object", b"[": "list", b'"': "string", b"t": "boolean", b"f": "boolean", b"n": None}
STRING, NUMBER, BOOLEAN = "string", "number", "boolean"
# What a column takes; free JSON takes anything and is not here.
TAKEN = (
    (tables.UUID, "uuid", {STRING}),
    (tables.TEXT, "text", {STRING}),
    (tables.TIME, "timestamp", {STRING}),
    (tables.INT, "integer", {NUMBER}),
    (tables.BOOL, "boolean", {BOOLEAN}),
    (tables.MONEY, "decimal", {STRING, NUMBER}),
)
DECLARED = {
    name: {c.name: (word, taken) for c in table.columns for declared, word, taken in TAKEN if c.type == declared}
    for name, table in TABLES.items()
}


def json_type(raw: bytes) -> str | None:
    """The JSON type of a text: object, list, string, boolean or number; None for null and for nothing."""
    text = raw.lstrip()
    return OF_FIRST_BYTE.get(text[:1], NUMBER) if text else None


def type_of(value: Any) -> str | None:
    """The same of a Python value from `canonical.value_of`."""
    if value is None:
        return None
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float | Decimal):
        return NUMBER
    if isinstance(value, dict):
        return "object"
    return "list" if isinstance(value, list) else STRING


def retyped(kind: str, fields: Mapping[str, Raw]) -> dict[str, str]:
    """The fields of an object that came as another type than declared: name -> what came instead of what."""
    found = {}
    for name, (word, taken) in DECLARED[kind].items():
        came = _came(bytes(fields[name]), word) if name in fields else None
        if came is not None and came not in taken:
            found[name] = f"{came} instead of {word}"
    return found


def _came(raw: bytes, word: str) -> str | None:
    came = json_type(raw)
    # JSON has one type of number; to us a whole one and a broken one are two.
    fraction = came == NUMBER and not raw.lstrip(b"-").isdigit() and not float(raw).is_integer()
    return "fraction" if fraction and word == "integer" else came
