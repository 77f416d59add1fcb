"""One decoded object becomes one row: its values in the order of the declared columns, and what the merge must know.

A key that is absent is no information, and neither is a null of a final run or of a relation: its bit is set in
`absent`. Source: merge rule, ADR 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct

from pipeline import tables
from pipeline.canonical import canonical, canonical_of, money, value_of
from pipeline.privacy import PERSON_KEY, person
from pipeline.signatures import unsigned
from pipeline.tables import TABLES, Column

TERMINAL = frozenset({"succeeded", "partial_succeeded", "failed", "canceled", "cancelled", "errored", "timeout"})


class BadField(Exception):
    """A field whose value cannot be stored: its path and the reason."""


@dataclass(slots=True, eq=False)
class Row:
    """One observation of one id.

    values: per declared column; ids as 16 bytes, money as Decimal, times aware, JSON as canonical text.
    absent: bit i is set when there is no information on column i. children: rows that came inside this object.
    """

    values: list[Any]
    extra: str | None
    absent: int
    terminal: bool
    observation: int
    children: tuple[Row, ...] = ()


def make_row(
    kind: str, wire: Struct, extra: Mapping[str, Raw], observation: int, filled: Mapping[str, UUID], policy: str
) -> Row:
    """The row of a struct. filled: ids taken from the parent where the object has none.

    BadField when a value is well written and still cannot be stored.
    """
    table = TABLES[kind]
    terminal = is_terminal(kind, wire)
    values: list[Any] = []
    absent = 0
    for bit, (column, convert) in enumerate(_CONVERTERS[kind]):
        value = getattr(wire, column.name)
        if (value is None or value is UNSET) and column.name in filled:
            value = filled[column.name]
        if value is UNSET or (isinstance(value, Raw) and not value):
            absent |= 1 << bit
            values.append(None)
            continue
        if value is not None:
            value = _converted(column, convert, value, policy)
        if value is None and (column.relation or (terminal and table.name == "runs" and not column.mutable)):
            absent |= 1 << bit
        values.append(value)
    return Row(values, _extra(extra), absent, terminal, observation)


def is_terminal(kind: str, wire: Any) -> bool:
    """Whether the object is final: a run by its status, a node run by its end."""
    if kind == "runs":
        return wire.status_code in TERMINAL
    return kind == "node_runs" and wire.completed_at not in {None, UNSET}


def _converted(column: Column, convert: Callable[[Any], Any], value: Any, policy: str) -> Any:
    try:
        return _person(value, policy) if column.name == PERSON_KEY else convert(value)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise BadField(column.name, str(error) or type(error).__name__) from None


def _extra(extra: Mapping[str, Raw]) -> str | None:
    return canonical_of({name: value_of(bytes(raw)) for name, raw in extra.items()}) if extra else None


def _person(raw: Raw, policy: str) -> str | None:
    return canonical_of(person(value_of(bytes(raw)), policy))


def _same(value: Any) -> Any:
    return value


def _converter(column: Column) -> Callable[[Any], Any]:
    if column.type == tables.UUID:
        return _bytes
    if column.type == tables.TEXT:
        return unsigned
    if column.type == tables.JSON:
        return _canonical
    if column.type == tables.TIME:
        return _utc
    return _money if column.type == tables.MONEY else _same


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _bytes(value: UUID) -> bytes:
    return value.bytes


def _canonical(raw: Raw) -> str | None:
    return canonical(bytes(raw))


def _money(raw: Raw) -> Any:
    return money(bytes(raw))


_CONVERTERS = {name: tuple((column, _converter(column)) for column in table.columns) for name, table in TABLES.items()}
