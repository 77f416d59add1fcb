"""Cuts the runs out of a page of logs, so that a run seen before is compared and not read again.

Nearly all bytes of such a page repeat a run (embed=run): one comparison tells, at the speed of memory, what a parser
needs a hundred times longer for. Equal bytes are an equal value; of signed URLs the query, which is new on every read
and is stored nowhere, may differ. What is odd is left to the plain way, the oracle of this one in
`tests/property/test_splice.py`. Source: ADR 22.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec import Raw

from pipeline.rows import Row
from pipeline.signatures import is_query, is_signed, is_usual, sign_of, signed_queries

# In a text the quotes would be escaped: these bytes are a key and an object wherever they stand.
MARKS = (b'"run":{', b'"run": {')
# Stands where a run was cut out; no source can know it.
CUT = f'"{secrets.token_hex(16)}"'.encode()
# So much of a run's beginning holds its id.
KEY_BYTES = 48
MOST_PER_KEY = 4
MOST_BYTES = 4_000_000

_RAW = msgspec.json.Decoder(Raw)
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_SPACE = b" \t\r\n"


@dataclass(slots=True, eq=False)
class KnownRun:
    """One state of one run.

    raw: its newest copy, as received in page number `page`. taken: what the reader made of it.
    parts: its text by the queries in it: up to and with a question mark, how long the query is, and what shows in it
    that it is signed, with its place.
    """

    raw: bytes
    page: int
    taken: tuple[Row | None, UUID | None] | None = None
    parts: tuple[tuple[bytes, int, int, bytes], ...] | None = None
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class Spliced:
    """A page with `CUT` in the place of its runs. runs: what stood there, in order."""

    json: bytes
    runs: tuple[KnownRun, ...]


class KnownRuns:
    """The runs seen lately, up to a bound in bytes; those not seen for longest go first."""

    def __init__(self) -> None:
        self._held: dict[bytes, list[KnownRun]] = {}
        self._bytes = 0
        self._page = 0

    def cut(self, json: bytes | bytearray) -> Spliced | None:
        """The page without its runs; None where a run's end cannot be told."""
        self._page += 1
        mark = next((mark for mark in MARKS if mark in json), None)
        pieces: list[bytes | bytearray] = []
        runs: list[KnownRun] = []
        at = 0
        spot = json.find(mark) if mark else -1
        while mark and spot >= 0:
            start = spot + len(mark) - 1
            run, end = self._at(json, start)
            if run is None:
                return None
            pieces.append(json[at:start])
            runs.append(run)
            at = end
            spot = json.find(mark, end)
        pieces.append(json[at:])
        return Spliced(CUT.join(pieces), tuple(runs))

    def _at(self, json: bytes | bytearray, start: int) -> tuple[KnownRun | None, int]:
        """The run that begins here, and where it ends."""
        key = bytes(json[start : start + KEY_BYTES])
        held = self._held.pop(key, None)
        if held is not None:
            self._held[key] = held
            for run in held:
                if json.startswith(run.raw, start):
                    return run, start + len(run.raw)
                end = _end_of_copy(run, json, start)
                if end:
                    self._renew(run, _bytes(json, start, end))
                    return run, end
        end = _end_of_object(json, start)
        return (self._remember(key, _bytes(json, start, end)), end) if end else (None, 0)

    def _renew(self, run: KnownRun, raw: bytes) -> None:
        """Where signatures are new with each page, its other copies are equal to this one."""
        if run.page != self._page:
            self._bytes += len(raw) - len(run.raw)
            run.page, run.raw = self._page, raw

    def _remember(self, key: bytes, raw: bytes) -> KnownRun:
        run = KnownRun(raw, self._page)
        held = self._held.setdefault(key, [])
        held.insert(0, run)
        self._bytes += len(raw)
        if len(held) > MOST_PER_KEY:
            self._bytes -= len(held.pop().raw)
        while self._bytes > MOST_BYTES and len(self._held) > 1:
            oldest = self._held.pop(next(iter(self._held)))
            self._bytes -= sum(len(each.raw) for each in oldest)
        return run


def restored(json: bytes, runs: tuple[KnownRun, ...]) -> bytes:
    """A piece of a page with the runs that were cut out of it; their signatures may be those of another copy."""
    text, *rest = json.split(CUT)
    return text + b"".join(run.raw + after for run, after in zip(runs, rest, strict=True))


def _bytes(json: bytes | bytearray, start: int, end: int) -> bytes:
    return bytes(memoryview(json)[start:end])


def _end_of_copy(run: KnownRun, json: bytes | bytearray, start: int) -> int:
    """Where a copy of the run ends that differs at most in the queries of signed URLs; 0 for anything else."""
    if run.parts is None:
        run.parts, run.tail = _parts(run.raw)
    queries = []
    at = start
    for text, length, offset, sign in run.parts:
        if not json.startswith(text, at):
            return 0
        at += len(text)
        end = at + length
        if json[end : end + 1] != b'"':
            end = json.find(b'"', at)
        query = json[at:end]
        if not query.startswith(sign, offset) and not is_signed(b"?" + query):
            return 0
        queries.append(query)
        at = end
    if not queries or not json.startswith(run.tail, at):
        return 0
    good = is_usual(b"".join(queries)) or all(is_query(bytes(query)) for query in queries)
    return at + len(run.tail) if good else 0


def _parts(raw: bytes) -> tuple[tuple[tuple[bytes, int, int, bytes], ...], bytes]:
    """The run's text between the queries of its signed URLs."""
    parts = []
    at = 0
    for start, end in signed_queries(raw):
        parts.append((raw[at : start + 1], end - start - 1, *sign_of(raw[start:end])))
        at = end
    return tuple(parts), raw[at:]


def _end_of_object(json: bytes | bytearray, start: int) -> int:
    """Where the object that begins here ends; 0 where that cannot be told.

    The decoder skips it at full speed and names the place of what follows.
    """
    try:
        _RAW.decode(memoryview(json)[start:])
    except msgspec.DecodeError as error:
        found = _TRAILING.search(str(error))
        if not found:
            return 0
        end = start + int(found[1]) - 1
    except (UnicodeError, RecursionError):
        return 0
    else:
        end = len(json)
    while json[end - 1] in _SPACE:
        end -= 1
    return end if json[end - 1 : end] == b"}" else 0
