"""Bytes to wire structs: pages are opened, objects decoded strictly, and what does not fit is told from what does.

In: the JSON of one response, then the JSON of one object. Out: the page's items unread, and per object a `Decoded`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Raw, Struct, UnsetType

from pipeline import wire
from pipeline.canonical import lenient, money, text_of, value_of
from pipeline.errors import BrokenBody
from pipeline.retyped import json_type, retyped
from pipeline.tables import MONEY, TABLES

STRUCTS: dict[str, type[Struct]] = {
    "logs": wire.Log,
    "runs": wire.Run,
    "node_runs": wire.NodeRun,
    "flows": wire.Flow,
    "models": wire.Model,
    "pricing": wire.Pricing,
}
RELATIONS: dict[str, tuple[str, ...]] = {
    "logs": ("run",),
    "runs": ("node_runs", "logs", "flow", "model"),
    "models": ("pricing",),
}
MONEY_FIELDS = {name: tuple(c.name for c in table.columns if c.type == MONEY) for name, table in TABLES.items()}

Time = Annotated[datetime, msgspec.Meta(tz=True)] | None


class _Page(Struct):
    """The page wrapper in both documented spellings."""

    items: list[Raw]
    next: str | None = None
    next_pq: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A page with its items unread. next: the cursor as the server wrote it; None at the end."""

    items: list[Raw]
    next: str | None


@dataclass(slots=True)
class Decoded:
    """One object as far as it could be read.

    wire: the struct; None when a known field is bad, and then `path` and `reason` say which and why.
    relations: the nested objects and lists as JSON text, also of a bad object: children load without their parent.
    retyped: of a bad object the fields that came as another JSON type than declared, and what came instead of what.
    """

    wire: Any
    extra: dict[str, Raw] = field(default_factory=dict)
    relations: dict[str, Raw] = field(default_factory=dict)
    path: str = ""
    reason: str = ""
    row_id: str | None = None
    retyped: dict[str, str] = field(default_factory=dict)


_PAGE = msgspec.json.Decoder(_Page | list[Raw])
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_STRICT = {kind: msgspec.json.Decoder(struct) for kind, struct in STRUCTS.items()}


def read_head(json: bytes) -> Head:
    """Open a listing page: either wrapper, or a bare list. BrokenBody for anything else, an error in a 200 included."""
    try:
        page = _PAGE.decode(json)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return _head_leniently(json, error)
    if isinstance(page, _Page):
        return Head(page.items, page.next or page.next_pq or None)
    return Head(page, None)


def read_one(json: bytes) -> Raw:
    """Check the body of a single-object endpoint: a JSON object with an id. BrokenBody for anything else."""
    fields = _fields(json)
    if fields is None or "id" not in fields:
        raise BrokenBody(f"The API answered 200 with something that is no object: {_beginning(json)}")
    return Raw(json)


def row_times(items: Iterable[Raw], field: str) -> list[tuple[str | None, datetime | None]]:
    """Id and time of each item, for the survey; None where there is none."""
    decoder = _FIELD[STRUCTS["logs"]]["timestamp"]
    rows: list[tuple[str | None, datetime | None]] = []
    for item in items:
        fields = _fields(bytes(item)) or {}
        rows.append((_text(fields.get("id")), _time(fields.get(field), decoder)))
    return rows


def decode(kind: str, json: bytes) -> Decoded:
    """Decode one object of `logs`, `runs`, ... strictly; on any difference field by field."""
    try:
        struct = _STRICT[kind].decode(json)
        for name in MONEY_FIELDS[kind]:
            raw = getattr(struct, name)
            if raw:
                money(bytes(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return decode_by_field(kind, json)
    relations = {name: getattr(struct, name) for name in RELATIONS.get(kind, ())}
    return Decoded(struct, relations={name: raw for name, raw in relations.items() if raw})


def time_in(json: bytes, field: str) -> datetime | None:
    """A time field of an object that could not be decoded as a whole."""
    return _time((_fields(json) or {}).get(field), _FIELD[wire.Log]["timestamp"])


def decode_by_field(kind: str, json: bytes) -> Decoded:
    """Decode field by field: unknown keys go to `extra`, the first bad field is named."""
    fields = _fields(json)
    if fields is None:
        came = json_type(json)
        other = {"": f"{came} instead of object"} if came else {}
        return Decoded(None, reason=f"is no JSON object: {_beginning(json)}", retyped=other)
    known = _FIELD[STRUCTS[kind]]
    result = Decoded(None, row_id=_text(fields.get("id")))
    result.relations = {name: fields[name] for name in RELATIONS.get(kind, ()) if name in fields}
    result.extra = {name: raw for name, raw in fields.items() if name not in known}
    values: dict[str, Any] = {}
    for name, raw in fields.items():
        if name in known:
            try:
                values[name] = _value(kind, name, raw, known[name])
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                result.retyped = retyped(kind, fields)
                return _bad(result, name, _reason(raw, error))
    if "id" not in values:
        return _bad(result, "id", "is missing")
    for name, raw in result.extra.items():
        try:
            name.encode()
            value_of(bytes(raw))
        except UnicodeEncodeError:
            return _bad(result, ascii(name)[1:-1], "is a key with half of a surrogate pair, which no text can hold")
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return _bad(result, name, _reason(raw, error))
    result.wire = STRUCTS[kind](**values)
    return result


def _bad(result: Decoded, path: str, reason: str) -> Decoded:
    result.path, result.reason = path, reason
    return result


def _reason(raw: Raw, error: Exception) -> str:
    if b"\\ud" in bytes(raw).lower():
        return "holds half of a surrogate pair, which no text can hold"
    return str(error) or type(error).__name__


def _value(kind: str, name: str, raw: Raw, decoder: msgspec.json.Decoder[Any]) -> Any:
    value = decoder.decode(raw)
    if name in MONEY_FIELDS[kind]:
        money(bytes(raw))
    elif isinstance(value, Raw) and name not in RELATIONS.get(kind, ()):
        value_of(bytes(raw))
    return value


def _fields(json: bytes) -> dict[str, Raw] | None:
    try:
        return _OBJECT.decode(json)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        try:
            value = lenient(json)
        except (ValueError, RecursionError):
            return None
    return {name: Raw(text_of(held)) for name, held in value.items()} if isinstance(value, dict) else None


def _head_leniently(json: bytes, error: Exception) -> Head:
    """The page again by the lenient parser: a row with a broken character must not hide its neighbours."""
    try:
        page = lenient(json)
    except (ValueError, RecursionError):
        raise BrokenBody(f"The API answered 200 with something that is no JSON page: {error}") from None
    items = page.get("items") if isinstance(page, dict) else page
    if not isinstance(items, list):
        raise BrokenBody(f"The API answered 200 with something that is no page: {_beginning(json)}")
    cursor = (page.get("next") or page.get("next_pq")) if isinstance(page, dict) else None
    if isinstance(cursor, int) and not isinstance(cursor, bool):
        cursor = str(cursor)
    if cursor is not None and not isinstance(cursor, str):
        # Taken for the end of the listing, it would lose every page after this one.
        raise BrokenBody("The API answered 200 with a page whose next cursor is neither text nor a number.")
    return Head([Raw(text_of(item)) for item in items], cursor or None)


def _beginning(json: bytes) -> str:
    return json[:120].decode("utf-8", "replace").split("?", 1)[0]


def _text(raw: Raw | None) -> str | None:
    try:
        value = None if raw is None else msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        return None
    return None if value is None else str(value).lower()


def _time(raw: Raw | None, decoder: msgspec.json.Decoder[Any]) -> datetime | None:
    try:
        value = None if raw is None else decoder.decode(raw)
    except msgspec.MsgspecError:
        return None
    return in_utc(value)


def in_utc(time: Any) -> datetime | None:
    """The moment in UTC; None for what is no time, or lies outside of what UTC can hold."""
    try:
        return time.astimezone(UTC) if isinstance(time, datetime) else None
    except OverflowError:
        return None


def _decoders(struct: type[Struct]) -> dict[str, msgspec.json.Decoder[Any]]:
    """One decoder per known field, for the way that tells a bad field from good ones."""
    return {field.name: msgspec.json.Decoder(_without_unset(field.type)) for field in msgspec.structs.fields(struct)}


def _without_unset(type: Any) -> Any:
    kept = [option for option in get_args(type) if option is not UnsetType] if UnsetType in get_args(type) else []
    return reduce(or_, kept) if kept else type


_FIELD = {struct: _decoders(struct) for struct in STRUCTS.values()}
