"""One decoded object becomes one row: its values in the order of the declared columns, and what the merge must know.

A key that is absent is no information, and neither is a null of a final run or of a relation: its bit is set in
`absent`. What the privacy policy drops is a null that counts, or what is stored would stay. Source: merge rule, ADR 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct

from pipeline import tables
from pipeline.canonical import canonical, canonical_of, money, value_of
from pipeline.privacy import DROP, KEEP, USER_COLUMNS, Policy, hashed, people
from pipeline.signatures import unsigned
from pipeline.tables import TABLES, Column, Table

TERMINAL = frozenset({"succeeded", "partial_succeeded", "failed", "canceled", "cancelled", "errored", "timeout"})

Convert = Callable[[Any], Any]
# How the values of a struct are taken, how each column is made of its value, and the bits of those that are dropped.
Prepared = tuple[Callable[[Struct], tuple[Any, ...]], tuple[tuple[Column, Convert], ...], int]
NOT_STORABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


class BadField(Exception):
    """A field whose value cannot be stored: its path and the reason."""


@dataclass(slots=True, eq=False)
class Row:
    """One observation of one id.

    values: per declared column; ids as 16 bytes, money as Decimal, times aware, JSON as canonical text.
    absent: bit i is set when there is no information on column i. unset: when the object did not even have its key.
    children: rows that came inside this object.
    """

    values: list[Any]
    extra: str | None
    absent: int
    terminal: bool
    observation: int
    children: tuple[Row, ...] = ()
    unset: int = 0


def make_row(
    kind: str, wire: Struct, extra: Mapping[str, Raw], observation: int, filled: Mapping[str, UUID], policy: Policy
) -> Row:
    """The row of a struct. filled: ids taken from the parent where the object has none.

    BadField when a value is well written and still cannot be stored.
    """
    terminal = is_terminal(kind, wire)
    lasts = terminal and kind == "runs"
    found, converters, dropped = prepared(policy)[kind]
    values: list[Any] = []
    absent = unset = 0
    column = converters[0][0]
    try:
        for bit, (given, (column, convert)) in enumerate(zip(found(wire), converters, strict=True)):
            value = given
            if (value is None or value is UNSET) and column.name in filled:
                unset |= (value is UNSET) << bit
                value = filled[column.name]
            if value is UNSET or (value.__class__ is Raw and not value):
                absent |= 1 << bit
                unset |= 1 << bit
                value = None
            else:
                if value is not None:
                    value = convert(value)
                if value is None and (column.relation or (lasts and not column.mutable)):
                    absent |= 1 << bit
            values.append(value)
    except NOT_STORABLE as error:
        raise BadField(column.name, str(error) or type(error).__name__) from None
    return Row(values, _extra(extra, policy), absent & ~dropped, terminal, observation, unset=unset)


def is_terminal(kind: str, wire: Any) -> bool:
    """Whether the object is final: a run by its status, a node run by its end."""
    if kind == "runs":
        return wire.status_code in TERMINAL
    return kind == "node_runs" and wire.completed_at not in {None, UNSET}


def _extra(extra: Mapping[str, Raw], policy: Policy) -> str | None:
    return canonical_of(people({name: value_of(bytes(raw)) for name, raw in extra.items()}, policy)) if extra else None


def _same(value: Any) -> Any:
    return value


# One entry per policy of the process, which `parse` keeps as one value: a look-up here is cheap enough for every row.
_PREPARED: dict[Policy, dict[str, Prepared]] = {}


def prepared(policy: Policy) -> dict[str, Prepared]:
    """How the columns of each table are made under a policy."""
    return _PREPARED.get(policy) or _prepare(policy)


def _prepare(policy: Policy) -> dict[str, Prepared]:
    made: dict[str, Prepared] = {}
    for kind, table in TABLES.items():
        words = policy.ruled.get(kind, {})
        dropped = sum(1 << bit for bit, column in enumerate(table.columns) if words.get(column.name) == DROP)
        converters = tuple((column, _under_policy(table, column, policy)) for column in table.columns)
        made[kind] = attrgetter(*table.names), converters, dropped
    _PREPARED[policy] = made
    return made


def _under_policy(table: Table, column: Column, policy: Policy) -> Convert:
    """The converter of a column, with the policy behind it where it says anything about the column."""
    word, convert = policy.ruled.get(table.name, {}).get(column.name, KEEP), _converter(column)
    if word == DROP:
        return lambda _: None
    if word != KEEP and column.type == tables.JSON:
        return lambda value: canonical_of(hashed(_plain(convert(value)), policy.key))
    if word != KEEP:
        return lambda value: hashed(convert(value), policy.key)
    if column.name in USER_COLUMNS and policy.users != KEEP:
        return lambda raw: canonical_of(people({column.name: value_of(bytes(raw))}, policy)[column.name])
    return convert


def _plain(json: str | None) -> Any:
    """A JSON string as its text, any other JSON as it is written."""
    return value_of(json.encode()) if json and json.startswith('"') else json


def _converter(column: Column) -> Convert:
    if column.type == tables.UUID:
        return attrgetter("bytes")
    if column.type == tables.TEXT:
        return unsigned
    if column.type == tables.JSON:
        return _canonical
    if column.type == tables.TIME:
        return _utc
    return _money if column.type == tables.MONEY else _same


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _canonical(raw: Raw) -> str | None:
    return canonical(bytes(raw))


def _money(raw: Raw) -> Any:
    return money(bytes(raw))
