"""What an error answer says, in whichever envelope it says it. Source: API contract 1.11 and 2.8."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from pipeline.errors import BrokenBody
from pipeline.inflate import inflate
from pipeline.signatures import unsigned

LONGEST = 300
# A page of HTML says what it has to say early; the patterns below take the square of what they are given.
LONGEST_PAGE = 10_000
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Complaint:
    """The API's own words. code: empty when there is none."""

    code: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.message) if part) or "no message"


def complaint(body: bytes, encoding: str, secret: str = "") -> Complaint:
    """Code and message of an error body: flat, nested, `detail`, or a page of HTML, of which the title is enough.

    secret: what must not be repeated, whoever says it: some servers quote the key that they refuse.
    """
    try:
        text = inflate(body, encoding)
    except BrokenBody:
        return Complaint("", "")
    if secret:
        text = text.replace(secret.encode(), HIDDEN.encode())
    try:
        told = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Complaint("", _plain(text[:LONGEST_PAGE].decode("utf-8", "replace")))
    if not isinstance(told, dict):
        return Complaint("", _words(told))
    error = told.get("error")
    inner = error if isinstance(error, dict) else {}
    code = told.get("code") or inner.get("code")
    message = told.get("message") or inner.get("message") or error or told.get("detail") or ""
    return Complaint(code if isinstance(code, str) else "", _words(message))


def _words(message: Any) -> str:
    text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    return unsigned(text)[:LONGEST]


def _plain(text: str) -> str:
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return unsigned(" ".join((title[1] if title else re.sub(r"<[^>]*>", " ", text)).split()))[:LONGEST]
