"""Many objects of one kind to columns at once: the same as `make_row` for each, in fewer steps of Python.

For objects that came whole, without unknown keys, and are never final by themselves: log lines. What `make_row` says of
absent values holds here too; `tests/property/test_splice.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec import UNSET, Raw, Struct

from pipeline.privacy import Policy
from pipeline.rows import NOT_STORABLE, BadField, Convert, prepared
from pipeline.tables import Column


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one page by columns: per declared column its values, per row what the merge must know of it.

    unset: the bits of the columns of which no row had even the key.
    """

    values: list[list[Any]]
    absent: list[int]
    observations: list[int]
    fetched_at: datetime
    unset: int

    def __len__(self) -> int:
        return len(self.observations)


def make_columns(
    kind: str,
    wires: Sequence[Struct],
    observations: list[int],
    fetched_at: datetime,
    filled: Mapping[str, Sequence[UUID | None]],
    policy: Policy,
) -> Columns:
    """The columns of these structs. filled: per column the ids taken from the parents. BadField as for one row."""
    _, converters, dropped = prepared(policy)[kind]
    absent = [0] * len(wires)
    never = 0
    values = []
    for bit, (column, convert) in enumerate(converters):
        found = list(map(attrgetter(column.name), wires))
        without = [place for place, value in enumerate(found) if value is UNSET or (type(value) is Raw and not value)]
        never |= (len(without) == len(wires)) << bit
        for place in without:
            found[place] = UNSET
        if column.name in filled:
            pairs = zip(found, filled[column.name], strict=True)
            found = [parent if value is None or value is UNSET else value for value, parent in pairs]
        made = _converted(column, convert, found)
        values.append(made)
        for place in without if not column.relation else (p for p, value in enumerate(made) if value is None):
            absent[place] |= (made[place] is None) << bit
    return Columns(values, [each & ~dropped for each in absent], observations, fetched_at, never)


def _converted(column: Column, convert: Convert, found: Sequence[Any]) -> list[Any]:
    try:
        return [None if value is None or value is UNSET else convert(value) for value in found]
    except NOT_STORABLE as error:
        raise BadField(column.name, str(error) or type(error).__name__) from None
