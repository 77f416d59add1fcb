"""The lists that come inside an object: opened, and of several items with one id only the last kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from pipeline.canonical import lenient, text_of

_LIST = msgspec.json.Decoder(list[Raw])


class _Identified(msgspec.Struct):
    id: Any = None


_IDENTITY = msgspec.json.Decoder(_Identified)


def is_given(raw: Raw | None) -> bool:
    """Whether a relation came with anything in it but null."""
    return raw is not None and memoryview(raw).nbytes > 0 and bytes(memoryview(raw)[:5]) != b"null"


def elements(raw: Raw | None) -> list[Raw] | None:
    """The items of an embedded list; None when it is null, absent or no list."""
    if not is_given(raw) or raw is None:
        return None
    try:
        return _LIST.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        try:
            value = lenient(bytes(raw))
        except (ValueError, RecursionError):
            return None
        return [Raw(text_of(item)) for item in value] if isinstance(value, list) else None


def last_of_each(items: list[Raw]) -> list[Raw]:
    """The items of an embedded list; of several with one id only the last: their order is all that ranks them."""
    last = {}
    for place, item in enumerate(items):
        last[_identity(item) or place] = item
    return list(last.values())


def is_uuid(text: str) -> bool:
    """Whether an id is one that the API could be asked for."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def uuid_of(text: str | None) -> UUID | None:
    """An id as far as it is one, in any spelling."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _identity(item: Raw) -> str | None:
    try:
        found = _IDENTITY.decode(item).id
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found.lower() if isinstance(found, str) else None
