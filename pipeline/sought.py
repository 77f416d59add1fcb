"""Who is to be taken out, and whether a text speaks of them. Plain values; what is done about it is in `scrub`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass
class Sought:
    """Who is taken out, in small letters; it grows as objects tell more.

    runs: ids of the runs that they created. made: what objects became: most of a listing repeats what came before.
    """

    ids: set[str]
    mails: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    made: dict[tuple[str, bytes, bool, int], bytes] = field(default_factory=dict, repr=False)
    _words: tuple[int, frozenset[str]] = field(default=(-1, frozenset()), repr=False)

    @property
    def size(self) -> int:
        """How much is known; more means that what was looked through must be looked through again."""
        return len(self.ids) + len(self.mails) + len(self.names) + len(self.runs)

    @property
    def words(self) -> frozenset[str]:
        """What is looked for inside of texts. An id may be written without its hyphens."""
        size = len(self.ids) + len(self.mails) + len(self.names)
        if self._words[0] != size:
            bare = (each.replace("-", "") for each in self.ids)
            self._words = size, frozenset({*self.ids, *bare, *self.mails, *self.names})
        return self._words[1]

    def is_named(self, value: Any) -> bool:
        """Whether a value is one of them, and nothing else."""
        return isinstance(value, str) and value.lower() in self.words

    def are_named_in(self, text: bytes) -> bool:
        """Whether JSON text holds a word for them."""
        forms = _forms(self.words)
        if not forms or len(text) < len(forms[-1]):
            return False
        small = text.lower()
        return any(form in small for form in forms)

    def concerns(self, text: bytes) -> bool:
        """Whether JSON text speaks of them or of their runs."""
        return self.are_named_in(text) or (bool(self.runs) and not self.runs.isdisjoint(mentioned(text)))


def mentioned(text: bytes) -> set[str]:
    """Every id that stands in the text."""
    # First each spelling once: most of a page repeats itself.
    return {found.decode().lower() for found in set(_UUID.findall(text))}


@lru_cache(maxsize=256)
def pattern(words: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _longest_first(words))) or r"(?!)", re.IGNORECASE)


@lru_cache(maxsize=256)
def _forms(words: frozenset[str]) -> tuple[bytes, ...]:
    """The words as they stand in JSON text, in UTF-8 or with escapes, once its ASCII letters are small."""
    spelled = {each for word in words for each in (word, word.title(), word.upper())}
    forms = {each.encode().lower() for each in spelled} | {json.dumps(each)[1:-1].encode().lower() for each in spelled}
    return tuple(_longest_first(forms))


def pattern_of_bytes(words: frozenset[str]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, _forms(words))) or rb"(?!)", re.IGNORECASE)


def _longest_first(words: Iterable[Any]) -> list[Any]:
    return sorted(words, key=lambda word: (-len(word), word))
