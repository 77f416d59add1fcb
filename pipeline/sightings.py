"""What the pages of one commit show of fields: unknown ones, those that came as another type, and which came at all.

In: one object at a time. Out: `Drift`, one per table, path, kind and type; and per table the fields its rows carried.
A copy of a row that is the same to the byte counts once in a commit: it is decoded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Raw

from pipeline.decode import Decoded
from pipeline.embedded import elements, is_given
from pipeline.retyped import json_type
from pipeline.tables import TABLES
from pipeline.values import Drift

UNSEEN = -1


class Sightings:
    """The sightings of one commit.

    unset: per table the fields that no row has carried so far, as bits in the order of its columns.
    """

    def __init__(self) -> None:
        self.unset = dict.fromkeys(TABLES, UNSEEN)
        self._seen: dict[tuple[str, str, str, str | None], Drift] = {}

    @property
    def drift(self) -> list[Drift]:
        """Unknown fields and fields of another type."""
        return list(self._seen.values())

    @property
    def carried(self) -> dict[str, int]:
        """Per table with rows: bit i is set when a row had the key of column i, be it null."""
        return {
            name: ~unset & ((1 << len(TABLES[name].columns)) - 1)
            for name, unset in self.unset.items()
            if unset != UNSEEN
        }

    def unknown(self, table: str, types: Mapping[str, str | None], sample: str, at: datetime) -> None:
        """A row has these fields that nobody declared. types: path -> JSON type."""
        for path, came in types.items():
            self._saw(table, path, "unknown", came, sample, at)

    def retyped(self, table: str, fields: Mapping[str, str], sample: str | None, at: datetime) -> None:
        """An object could not be read, and these of its fields are of another type than declared."""
        for path, told in fields.items():
            self._saw(table, path, "type", told, sample, at)

    def items(self, table: str, relation: str, decoded: Decoded, at: datetime) -> list[Raw] | None:
        """The items of an embedded list, None where none is given.

        What is given and is no list is set aside nowhere, so only this tells of it.
        """
        raw = decoded.relations.get(relation)
        found = elements(raw)
        if found is None and raw is not None and is_given(raw):
            sample = decoded.row_id if decoded.wire is None else str(decoded.wire.id)
            self._saw(table, relation, "type", f"{json_type(bytes(raw))} instead of list", sample, at)
        return found

    def _saw(self, table: str, path: str, kind: str, detail: str | None, sample: str | None, at: datetime) -> None:
        key = (table, path, kind, detail)
        before = self._seen.get(key)
        self._seen[key] = (
            Drift(table, path, kind, sample, 1, at, at, detail)
            if before is None
            else Drift(
                table,
                path,
                kind,
                before.sample_id or sample,
                before.count + 1,
                min(before.first_seen_at, at),
                max(before.last_seen_at, at),
                detail,
            )
        )
