"""Names the form of what an API sends: never its content, so that a report of it can be shared.

In: values as `parse` gives them, where a number keeps its spelling. Out: short words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from pipeline.signatures import without_signatures

MISSING = object()
GENERATION_2 = "cost_breakdown"
GENERATION_3 = "feedback_is_positive"


class Spelled(str):
    """A JSON number as it was written."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """JSON with every number as Spelled; None when it is no JSON."""
    try:
        return json.loads(body, parse_float=Spelled, parse_int=Spelled)
    except (ValueError, RecursionError):
        return None


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a page: its items, or a bare list."""
    items = value.get("items") if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def cursor_of(value: Any) -> tuple[str, Any]:
    """The name and the value of a page's cursor; the name is empty when there is none."""
    for name in ("next", "next_pq"):
        if isinstance(value, dict) and name in value:
            return name, value[name]
    return "", MISSING


def cursor(value: Any) -> str:
    """missing, null, empty, token, query, ?query, path or URL."""
    if value is MISSING:
        return "missing"
    if value is None or not str(value):
        return "null" if value is None else "empty"
    text = str(value)
    if re.match(r"[a-z]+://", text):
        return "URL"
    # A token may begin with a slash as well: base64 has one.
    if not re.search(r"(?:^|[?&])pq=", text):
        return "token"
    return {"?": "?query", "/": "path"}.get(text[0], "query")


def time(value: Any) -> str:
    """How a time writes its zone and how many digits of a second it has."""
    match = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?", str(value))
    if not match:
        return "null" if value is None else "other"
    zone = "no zone" if match[2] is None else {"Z": "Z", "+00:00": "+00:00"}.get(match[2], "offset")
    return f"{zone} {len(match[1] or '')} digits"


def decimal(value: Any) -> str:
    """string, number, null, and whether there is an exponent."""
    if value is None:
        return "null"
    kind = "number" if isinstance(value, Spelled) else "string" if isinstance(value, str) else "other"
    return f"{kind} with exponent" if "e" in str(value).lower() and kind != "other" else kind


def identity(value: Any) -> str:
    """UUID with its version, or other."""
    text = str(value)
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return "null" if value is None else "not a UUID"
    return f"UUIDv{text[14]}"


def relation(value: Any) -> str:
    """missing, null, empty or filled."""
    if value is MISSING:
        return "missing"
    return "null" if value is None else "filled" if value else "empty"


def generation(run: dict[str, Any]) -> str:
    """Which generation of the run object it is, by the keys that came with each."""
    number = 3 if GENERATION_3 in run else 2 if GENERATION_2 in run else 1
    return f"generation {number}"


def tally(values: Iterable[Any], form: Callable[[Any], str]) -> str:
    """The forms that occur, the most frequent first, with counts where there are several."""
    counts: dict[str, int] = {}
    for value in values:
        name = form(value)
        counts[name] = counts.get(name, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    if len(ordered) == 1:
        return ordered[0][0]
    return ", ".join(f"{name} ({count})" for name, count in ordered) or "no rows"


def order(values: Iterable[Any]) -> str:
    """ascending, descending, unordered, or unknown when fewer than two values differ. Times are compared as moments."""
    texts = [str(value) for value in values if value is not None]
    moments = [moment for moment in map(_moment, texts) if moment is not None]
    # Spelled with different offsets or digits, times do not sort as text.
    known: list[Any] = moments if len(moments) == len(texts) else texts
    if len(set(known)) < 2:
        return "unknown"
    if known == sorted(known):
        return "ascending"
    return "descending" if known == sorted(known, reverse=True) else "unordered"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def signing(first: bytes, second: bytes) -> str:
    """What two reads of the same page say about signed URLs."""
    bare = without_signatures(first)
    if bare == first:
        return "no signed URLs seen"
    if first == second:
        return "signed URLs stay the same between two reads"
    if bare == without_signatures(second):
        return "URLs are signed anew on each read"
    return "two reads differ in more than signatures"
