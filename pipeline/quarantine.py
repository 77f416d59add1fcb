"""The raw text of a rejected object, fit to be stored: without signatures, and under the privacy policy."""

from __future__ import annotations

import msgspec

from pipeline.canonical import lenient, text_of, value_of
from pipeline.privacy import PERSON_KEY, people
from pipeline.signatures import unsigned


def raw_text(json: bytes, policy: str) -> str:
    """The object as received; only signatures and personal data are taken out."""
    if PERSON_KEY.encode() in json and policy != "keep":
        try:
            json = text_of(people(_value(json), policy))
        except (ValueError, RecursionError):
            return "withheld: it names a user and cannot be read well enough to take the name out"
    return unsigned(json.decode("utf-8", "replace"))


def _value(json: bytes) -> object:
    try:
        return value_of(json)
    except (msgspec.MsgspecError, UnicodeError):
        return lenient(json)
