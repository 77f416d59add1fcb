"""The form of a typed view over a list inside a stored object; the views themselves are declared in `nested`."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.tables import INT, JSON, Column

EXTRA = Column("extra", JSON, "Keys of the object that have no column here, as one JSON object; NULL when none.")
POSITION = Column("_position", INT, "0-based place in the parent's list.")


@dataclass(frozen=True, slots=True)
class View:
    """One typed view.

    path: the parent's JSON column, or `column[].key` for a list inside the objects of a list.
    parent: the column that holds the parent's id; the parent's own id stands in where the object lacks it.
    unlisted: keys of the object that are rows of another view, or a repetition of the parent.
    """

    name: str
    grain: str
    table: str
    path: str
    fields: tuple[Column, ...]
    parent: str | None = None
    unlisted: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column, in order."""
        return (*self.fields, EXTRA, *((POSITION,) if self.is_list else ()))

    @property
    def is_list(self) -> bool:
        return self.parent is not None

    @property
    def source(self) -> str:
        """Where the API sends it."""
        return f"log.run.{self.table.removesuffix('s')}.{self.path}{'[]' if self.is_list else ''}"
