"""Signed URLs without their query: the query is a credential, and it is new on every read.

A URL is signed when its query holds a parameter that only signatures have; other URLs keep their query. Works on JSON
text as received and on plain text, in any field, a message included. Source: API contract, signed asset URLs.
"""

from __future__ import annotations

import re

# From the question mark to the end of the URL. In JSON text & and = may be written as \u0026 and \u003d, / as \/.
_QUERY = r"\?(?:[^\s\"'<>\\]|\\u00(?:26|3[dD])|\\/)+"
# A name before "=", at the start of the query, after & ; or their escapes, also inside an encoded URL.
_SIGNED = (
    r"(?:[?&;]|\\u0026|%3[fF]|%26)"
    r"(?:[a-z0-9_-]*signature|sig|x-[a-z0-9]+-(?:credential|security-token)|key-pair-id"
    r"|awsaccesskeyid|googleaccessid|ossaccesskeyid)"
    r"(?:=|\\u003d|%3d)"
)
_CLOSING = ")]},.;!"

_BYTES = re.compile(_QUERY.encode())
_TEXT = re.compile(_QUERY)
_SIGNED_BYTES = re.compile(_SIGNED.encode(), re.IGNORECASE)
_SIGNED_TEXT = re.compile(_SIGNED, re.IGNORECASE)


def without_signatures(json: bytes) -> bytes:
    """JSON text with every signed URL cut at its question mark."""
    return _BYTES.sub(_cut_bytes, json) if b"?" in json else json


def unsigned(text: str) -> str:
    """Plain text with every signed URL cut at its question mark."""
    return _TEXT.sub(_cut_text, text) if "?" in text else text


def _cut_bytes(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if not _SIGNED_BYTES.search(token):
        return token
    return token[len(token.rstrip(_CLOSING.encode())) :]


def _cut_text(found: re.Match[str]) -> str:
    token = found[0]
    if not _SIGNED_TEXT.search(token):
        return token
    return token[len(token.rstrip(_CLOSING)) :]
