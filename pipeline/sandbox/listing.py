"""One page of a list: filtered, sorted, cut at a keyset cursor; exact to the microsecond and stable under inserts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from pipeline.sandbox import query
from pipeline.sandbox.cursor import Cursor
from pipeline.sandbox.fields import time_of, value_kind
from pipeline.sandbox.run_objects import node_run_objects
from pipeline.sandbox.seeded import digest
from pipeline.sandbox.view import View
from pipeline.sandbox.world import Row

Sort = tuple[tuple[str, bool], ...]


class BadSort(Exception):
    """A sort that names no field."""


@dataclass(frozen=True)
class Listing:
    """What a list request asks. parent: a run's, flow's or model's id, or `any`, or None where there is none."""

    kind: str
    parent: str | None
    tree: query.Term | query.Group | None
    sort: Sort
    limit: int


@dataclass(frozen=True)
class Page:
    """Rows of a page in order, and whether there are more after and before it."""

    rows: list[Row]
    after: bool
    before: bool


def sort_of(view: View, kind: str, text: str | None) -> Sort:
    """(field, descending) pairs. Newest first when nothing is asked, or when the switch ignores what is."""
    mode = view.config.sort
    newest: Sort = ((time_of(kind), True),)
    if mode in {"unordered", "arrival"}:
        return ((mode, False),)
    if not text:
        return newest
    if mode == "reject":
        raise BadSort("sort_by is not supported")
    pairs = []
    for part in text.split(","):
        field, _, direction = part.strip().partition(":")
        if value_kind(kind, field) is None or direction.lower() not in {"asc", "desc", ""}:
            raise BadSort(f"cannot sort by {part!r}")
        pairs.append((field, direction.lower() == "desc"))
    if mode == "ignored":
        return newest
    return tuple((field, not down) for field, down in pairs) if mode == "reversed" else tuple(pairs)


def page_of(view: View, asked: Listing, cursor: Cursor | None, *, backward: bool = False) -> Page:
    """The page after the cursor's row, or before it."""
    shown = _filter(view, asked)
    ahead, behind = _walk(view, asked, cursor)
    if backward:
        ahead, behind = behind, ahead
    rows = _take(ahead, shown, asked.limit + 1)
    beyond = bool(_take(behind, shown, 1)) or (cursor is not None and cursor.id is not None)
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    return Page(rows[::-1], after=beyond, before=more) if backward else Page(rows, after=more, before=beyond)


def tail_before(view: View, asked: Listing, cursor: Cursor, count: int) -> list[Row]:
    """The last rows of the page before the cursor, in order, the cursor's own row among them."""
    row = _row_of(view, asked, cursor)
    _, behind = _walk(view, asked, cursor)
    rows = _take(behind, _filter(view, asked), count - 1)[::-1]
    return [*rows, row] if row else rows


def _take(rows: Iterator[Row], shown: Callable[[Row], bool], count: int) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        if len(found) >= count:
            break
        if shown(row):
            found.append(row)
    return found


def _filter(view: View, asked: Listing) -> Callable[[Row], bool]:
    any_run, tree, kind = asked.parent in {None, "any"}, asked.tree, asked.kind

    def shown(row: Row) -> bool:
        if not view.listed(kind, row, any_run=any_run):
            return False
        return tree is None or tree.test(lambda field: value(view, kind, row, field))

    return shown


def value(view: View, kind: str, row: Row, field: str) -> Any:
    """A field of a row as filters and sorts compare it."""
    if field == time_of(kind):
        return row.time
    if field == "id":
        return row.id
    if field == "arrival":
        return view.arrival(kind, row)
    if field == "unordered":
        return digest(row.id)
    if field == "run_id" and kind in {"logs", "node_runs"}:
        return row.thing.id
    return query.comparable(clean(view, kind, row).get(field))


def clean(view: View, kind: str, row: Row) -> dict[str, Any]:
    """The object of a row, before its spelling and without relations."""
    if kind == "logs":
        return view.log(row)
    if kind == "runs":
        return view.run(row.thing)
    if kind == "node_runs":
        return next(node for node in node_run_objects(view.config, row.thing, view.now) if node["id"] == row.id)
    made: dict[str, Any] = row.thing
    return made


def rows_of(view: View, kind: str, parent: str | None) -> list[Row]:
    """All rows of a list in order of time and id, whether they show or not."""
    world = view.world
    if kind in world.of_run:
        return world.rows[kind] if parent == "any" else world.of_run[kind].get(parent or "", [])
    if kind == "runs":
        return world.rows["runs"]
    owner = {"pricing": "model_id", "flow_nodes": "flow_id"}.get(kind)
    rows = view.dimension(kind)
    return rows if owner is None or parent == "any" else [row for row in rows if row.thing[owner] == parent]


def _walk(view: View, asked: Listing, cursor: Cursor | None) -> tuple[Iterator[Row], Iterator[Row]]:
    """The rows after the cursor onwards, and those before it backwards."""
    rows = rows_of(view, asked.kind, asked.parent)
    time = time_of(asked.kind)
    if asked.sort in {((time, down),) for down in (False, True)} | {((time, d), ("id", d)) for d in (False, True)}:
        return _walk_by_time(rows, asked, cursor, time)
    rows = sorted((row for row in rows if _filter(view, asked)(row)), key=cmp_to_key(_order(view, asked)))
    if cursor is None or cursor.id is None:
        return iter(rows), iter(())
    own = _row_of(view, asked, cursor)
    order = _order(view, asked)
    if own is None:
        return iter(()), iter(())
    ahead = [row for row in rows if order(row, own) > 0]
    return iter(ahead), iter([row for row in reversed(rows) if order(row, own) < 0])


def _walk_by_time(
    rows: list[Row], asked: Listing, cursor: Cursor | None, time: str
) -> tuple[Iterator[Row], Iterator[Row]]:
    """The quick way: rows are kept in order of time and id, so bounds and cursor are places in the list."""
    low, high = query.bounds(asked.tree, time)
    first = bisect_left(rows, low, key=lambda row: row.time)
    last = bisect_right(rows, high, key=lambda row: row.time)
    down = asked.sort[0][1]
    if cursor is None or cursor.id is None:
        places = range(first, last)
        return (rows[i] for i in (reversed(places) if down else places)), iter(())
    key = (cursor.time, cursor.id)
    at = min(max(bisect_left(rows, key, key=lambda row: row[:2]), first), last)
    past = min(max(bisect_right(rows, key, key=lambda row: row[:2]), first), last)
    later, earlier = (rows[i] for i in range(past, last)), (rows[i] for i in range(at - 1, first - 1, -1))
    return (earlier, later) if down else (later, earlier)


def _row_of(view: View, asked: Listing, cursor: Cursor) -> Row | None:
    return next((row for row in rows_of(view, asked.kind, asked.parent) if row.id == cursor.id), None)


def _order(view: View, asked: Listing) -> Callable[[Row, Row], int]:
    """Compares two rows by the sort's fields, nulls last, and by id in the end."""

    def order(one: Row, other: Row) -> int:
        for field, down in (*asked.sort, ("id", asked.sort[-1][1])):
            a, b = value(view, asked.kind, one, field), value(view, asked.kind, other, field)
            if a == b:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            return (1 if a > b else -1) * (-1 if down else 1)
        return 0

    return order
