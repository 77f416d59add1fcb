"""The privacy policy: which fields that people fill are dropped, hashed or kept. In: the setting's text. Out: `Policy`.

`users` is about user objects wherever they occur: of them the id stays. The others are columns of logs, runs and node
runs. A hash is keyed, so that nobody who reads the tables can guess a name or a prompt and compare; equal values stay
equal within one home. Source: design, section 3, and ADR 14.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from pipeline.errors import UsageError

VARIABLE = "FLOWLEDGER_PRIVACY"
DROP, HASH, KEEP = WORDS = ("drop", "hash", "keep")
USERS = "users"
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "input": {"runs": ("input",), "node_runs": ("input",)},
    "output": {"runs": ("output",), "node_runs": ("output", "preview_value")},
    "context": {"runs": ("context",)},
    "metadata": {"runs": ("metadata",)},
    "message": {
        "logs": ("message",),
        "runs": ("failure_message", "feedback_reason"),
        "node_runs": ("error_message",),
    },
    "meta": {"logs": ("meta",)},
}
FIELDS = (USERS, *COLUMNS)
# Lists and objects of a flow in which users occur; unknown fields are looked through as well.
USER_COLUMNS = frozenset({"created_by_user", "recent_stars"})

_USER_KEY = re.compile(r"(?:^|_)users?$")
_USER_KEY_BYTES = re.compile(rb"users?\"")
_DIGEST = re.compile(r"sha256:[0-9a-f]{32}")


@dataclass(frozen=True, eq=False)
class Policy:
    """One word for each of FIELDS. key: what hashes are keyed with; needed only where something is hashed."""

    words: Mapping[str, str]
    key: bytes = field(default=b"", repr=False)

    @property
    def text(self) -> str:
        """The canonical spelling: every field, in order."""
        return ",".join(f"{name}={self.words[name]}" for name in FIELDS)

    @property
    def users(self) -> str:
        """The word for users."""
        return self.words[USERS]

    @property
    def hashes(self) -> bool:
        """Whether anything is hashed, so that the key is needed."""
        return HASH in self.words.values()

    @cached_property
    def ruled(self) -> dict[str, dict[str, str]]:
        """Table -> column -> drop or hash; columns that are kept are not named."""
        found: dict[str, dict[str, str]] = {}
        for name, tables in COLUMNS.items():
            for table, columns in tables.items():
                if self.words[name] != KEEP:
                    found.setdefault(table, {}).update(dict.fromkeys(columns, self.words[name]))
        return found


@lru_cache(maxsize=64)
def parse(text: str, key: bytes = b"") -> Policy:
    """The policy of one word (for users), or of a list such as `users=hash,input=drop`; what is not named is default.

    UsageError names the variable and what to write.
    """
    words = {name: DROP if name == USERS else KEEP for name in FIELDS}
    parts = [part.strip().lower() for part in text.split(",")]
    if parts in [[word] for word in WORDS]:
        parts = [f"{USERS}={parts[0]}"]
    named = [part.partition("=")[::2] for part in parts]
    told = [(name.strip(), word.strip()) for name, word in named]
    known = all(name in words and word in WORDS for name, word in told)
    if not known or len({name for name, _ in told}) < len(told):
        raise UsageError(
            f"{VARIABLE} is {text!r}: write one of {', '.join(WORDS)} for users, or a list with each field once, such "
            f"as users=hash,input=drop. The fields are {', '.join(FIELDS)}."
        )
    return Policy(words | dict(told), key)


def hashed(value: Any, key: bytes) -> Any:
    """A digest that is equal for equal values, so that counting by person or prompt still works; null stays null.

    A digest is its own digest: quarantined text is read again.
    """
    if value is None or is_digest(value):
        return value
    return f"sha256:{hmac.digest(key, str(value).encode('utf-8', 'surrogatepass'), 'sha256').hex()[:32]}"


def is_digest(value: Any) -> bool:
    """Whether a value is what `hashed` made of another."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def person(value: Any, policy: Policy) -> Any:
    """A user object under the policy: only its id is certain to tell nothing of the person; no object, no value."""
    if policy.users == KEEP or value is None:
        return value
    if not isinstance(value, dict):
        return None
    if policy.users == DROP:
        return {name: held for name, held in value.items() if name == "id"}
    return {name: held if name == "id" else hashed(held, policy.key) for name, held in value.items()}


def people(value: Any, policy: Policy) -> Any:
    """Any JSON value with the policy applied to each user object in it, as its key tells: user, created_by_user."""
    if policy.users == KEEP:
        return value
    if isinstance(value, list):
        return [people(held, policy) for held in value]
    if isinstance(value, dict):
        return {name: _named(name, held, policy) for name, held in value.items()}
    return value


def _named(name: str, held: Any, policy: Policy) -> Any:
    if not _USER_KEY.search(name):
        return people(held, policy)
    if isinstance(held, list):
        return [person(each, policy) if isinstance(each, dict) else people(each, policy) for each in held]
    return person(held, policy) if isinstance(held, dict) or name in USER_COLUMNS else held


def may_name_users(json: bytes) -> bool:
    """Whether JSON text has a key that stands before user objects; cheap, and never wrong in saying no."""
    return _USER_KEY_BYTES.search(json) is not None
