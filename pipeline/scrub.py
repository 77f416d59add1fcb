"""Takes people out of JSON: their user objects, their id, e-mail and full name anywhere, and what they wrote.

Pure. In: an object of the API, or the body of a response, and who is sought. Out: the same without them. What is taken
out leaves no key behind, so that it counts as not said. Costs, times, codes and counts stay. Source: ADR 19.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from pipeline.canonical import text_of
from pipeline.decode import read_head
from pipeline.embedded import elements, is_given
from pipeline.errors import BrokenBody
from pipeline.privacy import is_digest
from pipeline.quarantine import NESTED, emptied, parsed
from pipeline.sought import Sought, pattern, pattern_of_bytes
from pipeline.tables import TABLES

WRITTEN: dict[str, tuple[str, ...]] = {
    "runs": (
        *("input", "output", "context", "metadata", "callback_url", "client_ref", "feedback_reason"),
        *("failure_message", "source_chat_message_id"),
    ),
    "node_runs": ("input", "output", "input_signature", "preview_value", "error_message"),
    "logs": ("message", "meta"),
}
KNOWN = {name: {*table.names, *NESTED.get(name, ())} for name, table in TABLES.items()}
INSTEAD = "forgotten"
NOTHING = object()
SHORTEST_NAME = 5
MOST_MADE = 2_000
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ITEMS = msgspec.json.Decoder(list[Raw])


def scrubbed(kind: str, text: bytes, sought: Sought, *, theirs: bool = False) -> bytes:
    """The JSON text of an object of logs, runs, ... without them; the very same bytes where it does not concern them.

    theirs: it is a part of a run that they created. ValueError when it is no JSON at all.
    """
    if not theirs and not sought.concerns(text):
        return text
    known = (kind, text, theirs, sought.size)
    if known not in sought.made:
        if len(sought.made) >= MOST_MADE:
            sought.made.clear()
        sought.made[known] = _scrubbed(kind, text, sought, theirs=theirs)
    return sought.made[known]


def _scrubbed(kind: str, text: bytes, sought: Sought, *, theirs: bool) -> bytes:
    fields = _fields(text)
    if fields is None:
        return _anything(text, sought)
    theirs = theirs or _is_theirs(kind, fields, sought)
    nested, kept = NESTED.get(kind, {}), dict[str, Raw]()
    named = sought.are_named_in(text)
    for name, raw in fields.items():
        held = bytes(raw)
        if name in nested:
            kept[name] = _nested(nested[name], raw, sought, theirs=theirs and nested[name] in WRITTEN)
        elif theirs and (name not in KNOWN[kind] or name in WRITTEN[kind]):
            left = emptied(kind, name, parsed(held)) if name in KNOWN[kind] else None
            if left is not None:
                kept[name] = Raw(text_of(left))
        elif name == "id" or not named or not sought.are_named_in(held):
            kept[_text(name, sought)] = raw
        elif (left := stripped(parsed(held), sought)) is not NOTHING:
            kept[_text(name, sought)] = Raw(text_of(left))
    return msgspec.json.encode(kept)


def _nested(kind: str, raw: Raw, sought: Sought, *, theirs: bool) -> Raw:
    """A relation: an object, a list of them, or nothing."""
    items = elements(raw) if bytes(raw).lstrip().startswith(b"[") else None
    if items is None:
        return Raw(scrubbed(kind, bytes(raw), sought, theirs=theirs and is_given(raw)))
    return Raw(msgspec.json.encode([Raw(scrubbed(kind, bytes(item), sought, theirs=theirs)) for item in items]))


def _fields(text: bytes) -> dict[str, Raw] | None:
    """The fields of an object; None when it is none."""
    try:
        return _FIELDS.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        value = parsed(text)
    return {name: Raw(text_of(held)) for name, held in value.items()} if isinstance(value, dict) else None


def stripped(value: Any, sought: Sought) -> Any:
    """Any JSON value without them; NOTHING when it is about them alone."""
    if isinstance(value, str):
        return NOTHING if sought.is_named(value) else _text(value, sought)
    if isinstance(value, list):
        return [left for each in value if (left := stripped(each, sought)) is not NOTHING]
    if not isinstance(value, dict):
        return value
    if any(sought.is_named(value.get(name)) for name in ("id", "user_id")):
        _learn(value, sought)
        return NOTHING
    left = ((_text(name, sought), stripped(held, sought)) for name, held in value.items())
    return {name: held for name, held in left if held is not NOTHING}


def scrubbed_body(kind: str, body: bytes, sought: Sought) -> bytes:
    """The body of a response to a request of this kind without them; objects that do not concern them stay as they are.

    What one object tells of them is looked for in the objects before it as well.
    """
    known = -1
    while known != sought.size and sought.concerns(body):
        known, left = sought.size, _body(kind, body, sought)
        if known == sought.size:
            return left
    return body


def _body(kind: str, body: bytes, sought: Sought) -> bytes:
    if f"{kind}s" in TABLES:
        return _object(f"{kind}s", body, sought)
    if kind not in TABLES:
        return _anything(body, sought)
    try:
        fields = _FIELDS.decode(body)
        items = _ITEMS.decode(fields.pop("items"))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError):
        try:
            head = read_head(body)
        except BrokenBody:
            return _anything(body, sought)
        items, fields = head.items, {"next": Raw(text_of(head.next))}
    made = [Raw(_object(kind, bytes(item), sought)) for item in items]
    return msgspec.json.encode({"items": made, **fields})


def _object(kind: str, text: bytes, sought: Sought) -> bytes:
    try:
        return scrubbed(kind, text, sought)
    except (ValueError, RecursionError):
        return _anything(text, sought)


def _anything(body: bytes, sought: Sought) -> bytes:
    """What is no object that we know, or no JSON: at least nothing in it names them."""
    try:
        left = stripped(parsed(body), sought)
        return b"null" if left is NOTHING else text_of(left)
    except (ValueError, RecursionError):
        return pattern_of_bytes(sought.words).sub(INSTEAD.encode(), body)


def _is_theirs(kind: str, fields: dict[str, Raw], sought: Sought) -> bool:
    if kind not in WRITTEN:
        return False
    run = fields if kind == "runs" else (_fields(bytes(fields["run"])) if is_given(fields.get("run")) else None)
    ids = {_lower(fields.get("id" if kind == "runs" else "run_id")), _lower(run.get("id")) if run else ""} - {""}
    if run and _lower(run.get("created_by")) in sought.ids:
        sought.runs |= ids
    return not sought.runs.isdisjoint(ids)


def _learn(person: dict[str, Any], sought: Sought) -> None:
    """Take from a user object what else the person goes by. A first or last name alone is a word like any other."""
    if _lower(person.get("id")) not in sought.ids:
        return
    first, last, mail = (person.get(name) for name in ("first_name", "last_name", "email"))
    if isinstance(mail, str) and "@" in mail:
        sought.mails.add(mail.lower())
    full = f"{first} {last}" if isinstance(first, str) and first and isinstance(last, str) and last else ""
    if len(full) >= SHORTEST_NAME and not is_digest(first):
        sought.names.add(full.lower())


def _lower(value: Any) -> str:
    """A text in small letters, also one that is still JSON; empty for anything else."""
    if isinstance(value, Raw):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeError):
            return ""
    return value.lower() if isinstance(value, str) else ""


def _text(text: str, sought: Sought) -> str:
    return pattern(sought.words).sub(INSTEAD, text)
