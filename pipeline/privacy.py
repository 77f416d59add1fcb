"""Personal data of users under the policy: e-mail, names and phone are dropped, hashed or kept; the id stays.

Source: design, "created_by_user: the id is kept, e-mail and names are dropped unless the policy says keep or hash".
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

PERSONAL = re.compile(r"mail|name|phone", re.IGNORECASE)
PERSON_KEY = "created_by_user"


def person(value: Any, policy: str) -> Any:
    """A user object under the policy (drop, hash, keep); anything but an object is dropped unless kept."""
    if policy == "keep" or value is None:
        return value
    if not isinstance(value, dict):
        return None
    return {key: _hashed(held) if PERSONAL.search(key) else held for key, held in value.items() if _stays(key, policy)}


def people(value: Any, policy: str) -> Any:
    """Any JSON value with the policy applied to each user object in it."""
    if policy == "keep":
        return value
    if isinstance(value, list):
        return [people(held, policy) for held in value]
    if isinstance(value, dict):
        return {key: person(held, policy) if key == PERSON_KEY else people(held, policy) for key, held in value.items()}
    return value


def _stays(key: str, policy: str) -> bool:
    return policy == "hash" or not PERSONAL.search(key)


def _hashed(value: Any) -> Any:
    """A digest that is equal for equal values, so that counting by person still works."""
    if value is None:
        return None
    return f"sha256:{hashlib.sha256(str(value).encode()).hexdigest()[:32]}"
