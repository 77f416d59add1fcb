"""Cursors: keyset positions that are bound to the question they belong to, in each form they might come in."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.sandbox.config import Config
from pipeline.sandbox.seeded import digest

FOREIGN = "https://cdn.runflow-mirror.example"


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: after the row `id`; None is before the first row.

    time: that row's time. page: number of the page it leads to. question: what it is bound to.
    """

    time: int
    id: str | None
    page: int
    question: str

    def token(self) -> str:
        """The cursor as an opaque token, with characters that must be percent-encoded once."""
        text = json.dumps([self.time, self.id, self.page, self.question])
        return base64.b64encode(b"\xff\xfe" + text.encode()).decode()


class BadCursor(Exception):
    """A cursor that is none of ours, or belongs to another question."""


def question_of(*parts: object) -> str:
    """What a cursor is bound to, in short."""
    return digest(*map(repr, parts)).hex()[:12]


def read(token: str, question: str) -> Cursor:
    """The cursor of a token; BadCursor when it is damaged or belongs to another question."""
    try:
        time, row, page, bound = json.loads(base64.b64decode(token, validate=True)[2:])
    except ValueError:
        raise BadCursor("the cursor cannot be read") from None
    if bound != question:
        raise BadCursor("the cursor belongs to another query, sort or limit")
    return Cursor(time, row, page, bound)


def written(config: Config, token: str, host: str, path: str, others: str, *, backward: bool = False) -> str:
    """The token in the form that a page shows. others: the request's other parameters, percent-encoded."""
    back = "&from_prev=true" if backward else ""
    pair = f"pq={quote(token, safe='')}{back}"
    whole = f"{path}?{others}&{pair}" if others else f"{path}?{pair}"
    return {
        "token": token,
        "query": pair,
        "question": f"?{pair}",
        "url": host + whole,
        "relative-url": whole,
        "foreign-url": FOREIGN + whole,
    }[config.cursor_form]
