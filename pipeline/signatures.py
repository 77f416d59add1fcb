"""Signed URLs without their query: the query is a credential, and it is new on every read.

A URL is signed when its query holds a parameter that only signatures have; other URLs keep their query. Works on JSON
text as received and on plain text, in any field, a message included. Source: API contract, signed asset URLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# From the question mark to the end of the URL. In JSON text & and = may be written as \u0026 and \u003d, / as \/.
_QUERY = r"\?(?:[^\s\"'<>\\]++|\\u00(?:26|3[dD])|\\/)++"
# A name before "=", at the start of the query, after & ; or their escapes, also inside an encoded URL.
_SIGNED = (
    r"(?:[?&;]|\\u0026|%3[fF]|%26)"
    r"(?:[a-z0-9_-]*signature|sig|x-[a-z0-9]+-(?:credential|security-token)|key-pair-id"
    r"|awsaccesskeyid|googleaccessid|ossaccesskeyid)"
    r"(?:=|\\u003d|%3d)"
)
_CLOSING = ")]},.;!"
CLOSING = _CLOSING.encode()
# What a query is usually made of. Of anything else, such as an escape or a full stop, the pattern tells.
USUAL = bytes(sorted({*range(ord("!"), ord("~") + 1)} - {*b"\"'<>\\", *CLOSING}))
LONGEST_USUAL = 4096

_BYTES = re.compile(_QUERY.encode())
_AFTER_MARK = re.compile(_QUERY.removeprefix(r"\?").encode())
_TEXT = re.compile(_QUERY)
_SIGNED_BYTES = re.compile(_SIGNED.encode(), re.IGNORECASE)
_SIGNED_TEXT = re.compile(_SIGNED, re.IGNORECASE)


def without_signatures(json: bytes) -> bytes:
    """JSON text with every signed URL cut at its question mark."""
    at = json.find(b"?")
    if at < 0:
        return json
    kept = []
    done = 0
    while at >= 0:
        end = json.find(b'"', at, at + LONGEST_USUAL)
        query = json[at:end] if end > 0 else b""
        # The usual query, told by what bytes can tell quickest; the pattern says the same of it in three times as long.
        if b"&X-Amz-Signature=" in query and is_usual(query):
            kept.append(json[done:at])
            at = done = end
        elif found := _BYTES.match(json, at):
            kept += (json[done:at], _cut_bytes(found))
            at = done = found.end()
        else:
            at += 1
        at = json.find(b"?", at)
    return b"".join((*kept, json[done:]))


def unsigned(text: str) -> str:
    """Plain text with every signed URL cut at its question mark."""
    return _TEXT.sub(_cut_text, text) if "?" in text else text


def signed_queries(json: bytes) -> Iterator[tuple[int, int]]:
    """Where the queries that `without_signatures` cuts out begin, with their question mark, and where they end."""
    for found in _BYTES.finditer(json):
        if is_signed(found[0]):
            yield found.start(), found.start() + len(found[0].rstrip(CLOSING))


def is_usual(query: bytes | bytearray) -> bool:
    """Whether there is nothing in it that could end a query or stand behind one."""
    return not query.translate(None, USUAL)


def is_signed(query: bytes) -> bool:
    """Whether a query, with its question mark, is that of a signed URL."""
    # The two most usual names first: to look for them costs a tenth of the pattern.
    return b"&X-Amz-Signature=" in query or b"&Signature=" in query or bool(_SIGNED_BYTES.search(query))


def sign_of(query: bytes) -> tuple[int, bytes]:
    """What shows that a query with its question mark is that of a signed URL, and how far after the mark it stands."""
    found = _SIGNED_BYTES.search(query)
    if found is None:
        return 0, query[1:]
    return (found.start() - 1, found[0]) if found.start() else (0, found[0][1:])


def is_query(text: bytes) -> bool:
    """Whether the whole text, after a question mark, would be cut out if it is signed."""
    return bool(_AFTER_MARK.fullmatch(text)) and text[-1:] not in CLOSING


def _cut_bytes(found: re.Match[bytes]) -> bytes:
    token = found[0]
    return token[len(token.rstrip(CLOSING)) :] if is_signed(token) else token


def _cut_text(found: re.Match[str]) -> str:
    token = found[0]
    if not _SIGNED_TEXT.search(token):
        return token
    return token[len(token.rstrip(_CLOSING)) :]
