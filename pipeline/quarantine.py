"""What is kept of a rejected object; its raw text without signatures, and under the privacy policy."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.canonical import canonical_of, lenient, text_of, value_of
from pipeline.decode import Decoded
from pipeline.privacy import HASH, KEEP, Policy, hashed, may_name_users, people
from pipeline.signatures import unsigned
from pipeline.tables import TABLES, TEXT
from pipeline.values import LandedPage, Reject

SINGULAR = {"logs": "log", "runs": "run", "node_runs": "node_run", "flows": "flow", "models": "model"}
NESTED: dict[str, dict[str, str]] = {
    "logs": {"run": "runs"},
    "runs": {"node_runs": "node_runs", "logs": "logs", "flow": "flows", "model": "models"},
    "models": {"pricing": "pricing"},
}
TEXTS = {name: frozenset(c.name for c in table.columns if c.type == TEXT) for name, table in TABLES.items()}


def reject_of(kind: str, decoded: Decoded, json: bytes, order: int, page: LandedPage, policy: Policy) -> Reject:
    """What quarantine keeps of an object that could not be read, or not be stored."""
    return Reject(
        object=SINGULAR.get(kind, kind),
        row_id=decoded.row_id,
        path=decoded.path,
        reason=decoded.reason,
        raw=raw_text(kind, json, policy),
        request=page.request.path,
        sha256=page.sha256,
        observation=order,
        fetched_at=page.fetched_at,
    )


def raw_text(kind: str, json: bytes, policy: Policy) -> str:
    """The object as received; only signatures and what the policy takes out are missing. kind: logs, runs, ..."""
    if policy.ruled or (policy.users != KEEP and may_name_users(json)):
        try:
            json = text_of(_ruled(kind, people(parsed(json), policy), policy))
        except (ValueError, RecursionError):
            return "withheld: it cannot be read well enough to take out what FLOWLEDGER_PRIVACY wants to be taken out"
    return unsigned(json.decode("utf-8", "replace"))


def parsed(json: bytes) -> Any:
    """JSON text as a value, read leniently where it must be. ValueError when it is no JSON at all."""
    try:
        return value_of(json)
    except (msgspec.MsgspecError, UnicodeError):
        return lenient(json)


def emptied(kind: str, name: str, value: Any) -> Any:
    """Nothing in the place of a value. What no text column takes keeps its type: it is the reason of the reject."""
    wrong = name in TEXTS[kind] and not isinstance(value, str | None)
    return type(value)() if wrong else None


def _ruled(kind: str, value: Any, policy: Policy) -> Any:
    """The value of an object of this kind with the words of the policy applied, also to the objects inside it."""
    if isinstance(value, list):
        return [_ruled(kind, each, policy) for each in value]
    if not isinstance(value, dict):
        return value
    words, nested = policy.ruled.get(kind, {}), NESTED.get(kind, {})
    return {
        name: _ruled(nested[name], held, policy)
        if name in nested
        else _word(kind, name, held, policy)
        if name in words
        else held
        for name, held in value.items()
    }


def _word(kind: str, name: str, value: Any, policy: Policy) -> Any:
    if policy.ruled[kind][name] != HASH:
        return emptied(kind, name, value)
    if isinstance(value, str):
        return hashed(unsigned(value), policy.key)
    return emptied(kind, name, value) if name in TEXTS[kind] else hashed(canonical_of(value), policy.key)
