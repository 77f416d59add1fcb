"""Names the form of what an API sends: never its content, so that a report of it can be shared.

In: values as `parse` gives them, where a number keeps its spelling. Out: short words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

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
    except ValueError:
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
    """missing, null, empty, token, pq=..., ?pq=..., path or URL."""
    if value is MISSING:
        return "missing"
    if value is None or not str(value):
        return "null" if value is None else "empty"
    text = str(value)
    parts = urlsplit(text)
    if parts.scheme and parts.netloc:
        return "URL"
    starts = {"?": "?pq=...", "/": "path"}
    return starts.get(text[0]) or ("pq=..." if text.startswith("pq=") else "token")


def time(value: Any) -> str:
    """How a time writes its zone and how many digits of a second it has."""
    match = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?", str(value))
    if not match:
        return "null" if value is None else "other"
    zone = "no zone" if match[2] is None else "Z" if match[2] == "Z" else "+00:00" if "00:00" in match[2] else "offset"
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
    """ascending, descending, unordered, or unknown when fewer than two values differ."""
    known = [str(value) for value in values if value is not None]
    if len(set(known)) < 2:
        return "unknown"
    if known == sorted(known):
        return "ascending"
    return "descending" if known == sorted(known, reverse=True) else "unordered"


def signing(first: bytes, second: bytes) -> str:
    """What two reads of the same page say about signed URLs."""
    if not re.search(rb"[?&](?:X-Amz-|X-Goog-|Signature=|sig=)", first, re.IGNORECASE):
        return "no signed URLs seen"
    if first == second:
        return "signed URLs stay the same between two reads"
    bare = [re.sub(rb"(https?://[^\s\"?\\]+)\?[^\s\"\\]*", rb"\1", body) for body in (first, second)]
    return "URLs are signed anew on each read" if bare[0] == bare[1] else "two reads differ in more than signatures"
