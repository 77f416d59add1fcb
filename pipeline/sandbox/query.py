"""The filter `q`, in both grammars on record: infix (`field >= value AND ...`) and dotted (`field.gte:'value'`)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.sandbox.fields import value_kind
from pipeline.sandbox.seeded import DAY, SECOND, to_us

Value = int | Decimal | str | bool
Get = Callable[[str], Any]
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
DOTTED = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) | (?P<word>and|or|not)(?![\w.:=<>])
      | (?P<field>[a-z_]\w*)(?:\.(?P<dotted>eq|gte|gt|lte|lt)(?=:))?
        \s*(?P<op>>=|<=|>|<|=|:)\s*
        (?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^\s()'"]+))
    )""",
    re.IGNORECASE | re.VERBOSE,
)


class BadFilter(Exception):
    """A filter that cannot be read, with what is wrong in it."""


@dataclass(frozen=True)
class Term:
    """One comparison; its value is already of the field's kind."""

    field: str
    op: str
    value: Value
    dotted: bool = False

    def test(self, get: Get) -> bool:
        """Whether a row passes. A null passes nothing."""
        held = get(self.field)
        if held is None or type(held) is not type(self.value):
            return False
        return bool(COMPARE[self.op](held, self.value))


@dataclass(frozen=True)
class Group:
    """AND, OR, or NOT of its parts."""

    word: str
    parts: tuple[Term | Group, ...]

    def test(self, get: Get) -> bool:
        """Whether a row passes."""
        if self.word == "and":
            return all(part.test(get) for part in self.parts)
        if self.word == "or":
            return any(part.test(get) for part in self.parts)
        return not self.parts[0].test(get)


def parse(text: str, kind: str, *, grammar: str = "both", precision: str = "microsecond") -> Term | Group:
    """Reads a filter for a list of this kind; BadFilter when it is not in the grammar."""
    tokens = _tokens(text)
    tree = _either(tokens, kind, grammar, precision)
    if tokens:
        raise BadFilter(f"unexpected {tokens[0].group().strip()!r}")
    return tree


def _tokens(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if not match:
            raise BadFilter(f"cannot read the filter at {text[at:][:40]!r}")
        found.append(match)
        at = match.end()
    return found


def _either(tokens: list[re.Match[str]], kind: str, grammar: str, precision: str) -> Term | Group:
    parts = [_both(tokens, kind, grammar, precision)]
    while tokens and (tokens[0]["word"] or "").lower() == "or":
        tokens.pop(0)
        parts.append(_both(tokens, kind, grammar, precision))
    return parts[0] if len(parts) == 1 else Group("or", tuple(parts))


def _both(tokens: list[re.Match[str]], kind: str, grammar: str, precision: str) -> Term | Group:
    parts = [_one(tokens, kind, grammar, precision)]
    while tokens and (tokens[0]["word"] or "").lower() == "and":
        tokens.pop(0)
        parts.append(_one(tokens, kind, grammar, precision))
    return parts[0] if len(parts) == 1 else Group("and", tuple(parts))


def _one(tokens: list[re.Match[str]], kind: str, grammar: str, precision: str) -> Term | Group:
    if not tokens:
        raise BadFilter("the filter ends too early")
    token = tokens.pop(0)
    if (token["word"] or "").lower() == "not":
        return Group("not", (_one(tokens, kind, grammar, precision),))
    if token["open"]:
        tree = _either(tokens, kind, grammar, precision)
        if not tokens or not tokens.pop(0)["close"]:
            raise BadFilter("a bracket is not closed")
        return tree
    if not token["field"]:
        raise BadFilter(f"unexpected {token.group().strip()!r}")
    return _term(token, kind, grammar, precision)


def _term(token: re.Match[str], kind: str, grammar: str, precision: str) -> Term:
    field, dotted = token["field"], (token["dotted"] or "").lower()
    if grammar == "infix" and dotted:
        raise BadFilter("dotted operators are not supported")
    if grammar.startswith("dotted") and (not dotted or token["single"] is None):
        raise BadFilter("write field.operator:'value'")
    if grammar == "dotted-eq" and dotted != "eq":
        raise BadFilter(f"operator {dotted} is not supported")
    if dotted and token["op"] != ":":
        raise BadFilter(f"write {field}.{dotted}:'value'")
    op = DOTTED[dotted] if dotted else {":": "="}.get(token["op"], token["op"])
    text = next(held for held in (token["single"], token["double"], token["bare"]) if held is not None)
    return Term(field, op, value_of(kind, field, text, precision), dotted=bool(dotted))


def value_of(kind: str, field: str, text: str, precision: str = "microsecond") -> Value:
    """A filter's value as the field's kind; BadFilter when it is none. A time without offset is UTC."""
    wanted = value_kind(kind, field)
    if wanted is None:
        raise BadFilter(f"cannot filter on {field}")
    try:
        if wanted == "time":
            parsed = datetime.fromisoformat(text)
            us = to_us(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
            return us - us % {"second": SECOND, "day": DAY}.get(precision, 1)
        if wanted == "number":
            return Decimal(text)
        if wanted == "flag":
            return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError, InvalidOperation):
        raise BadFilter(f"{text!r} is no {wanted} for {field}") from None
    return text


def comparable(value: Any) -> Any:
    """A clean object's value as filters and sorts compare it."""
    if isinstance(value, datetime):
        return to_us(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Decimal(str(value))


def bounds(tree: Term | Group | None, field: str) -> tuple[int, int]:
    """The smallest span of times, both ends included, outside which no row can pass."""
    low, high = -(1 << 62), 1 << 62
    if isinstance(tree, Group) and tree.word == "and":
        spans = [bounds(part, field) for part in tree.parts]
        return max(span[0] for span in spans), min(span[1] for span in spans)
    if not isinstance(tree, Term) or tree.field != field or not isinstance(tree.value, int):
        return low, high
    if tree.op in {">", ">=", "="}:
        low = tree.value + (tree.op == ">")
    if tree.op in {"<", "<=", "="}:
        high = tree.value - (tree.op == "<")
    return low, high
