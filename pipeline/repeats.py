"""Takes out of a batch the flows, models and prices that its load has committed already, word for word.

Every window brings them again with its runs. To commit them again changes nothing and costs more than the window's own
rows: the state that they say is the stored one, as long as no commit of the load has changed any of them since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256

from pipeline.quarantine import SINGULAR
from pipeline.tables import LINEAGE, TABLES
from pipeline.values import Batch, Merged, Reject

DIMENSIONS = tuple(name for name, table in TABLES.items() if table.history)
REJECTED = {SINGULAR.get(name, name) for name in DIMENSIONS}


class Repeats:
    """What one load has committed of its dimensions since any of them last changed."""

    def __init__(self) -> None:
        self._said: set[bytes] = set()

    def without(self, batch: Batch) -> tuple[Batch, set[bytes]]:
        """The batch without its dimensions if it repeats them all; and what it says of them, for `committed`."""
        said = _said(batch)
        if not said or not said <= self._said:
            return batch, said
        empty = {name: batch.tables[name].slice(0, 0) for name in DIMENSIONS}
        return replace(batch, tables={**batch.tables, **empty}, complete_pricing={}), said

    def committed(self, said: set[bytes], merged: Mapping[str, Merged], rejects: Iterable[Reject]) -> None:
        """A batch that said this was committed; where it changed anything, nothing from before it counts.

        A row that could not be read is in quarantine until a good copy of it is committed.
        """
        changed = any(merged[name] != Merged(unchanged=merged[name].unchanged) for name in DIMENSIONS)
        if changed or any(reject.object in REJECTED for reject in rejects):
            self._said.clear()
        self._said |= said


def _said(batch: Batch) -> set[bytes]:
    told = {sha256(f"complete {model}".encode()).digest() for model in batch.complete_pricing}
    for name in DIMENSIONS:
        rows = batch.tables[name]
        kept = rows.drop_columns([each for each in LINEAGE if each in rows.column_names and each != "_absent"])
        told |= {sha256(f"{name} {row}".encode("utf-8", "surrogatepass")).digest() for row in kept.to_pylist()}
    return told
