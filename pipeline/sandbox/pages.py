"""The answer to a list request: what is asked, which rows come, and the wrapper with its cursors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from pipeline.sandbox import cursor as cursors
from pipeline.sandbox import query
from pipeline.sandbox.config import Config
from pipeline.sandbox.cursor import BadCursor, Cursor
from pipeline.sandbox.envelope import Refusal
from pipeline.sandbox.fields import KEYS
from pipeline.sandbox.listing import BadSort, Listing, Page, page_of, sort_of, tail_before
from pipeline.sandbox.objects import RELATIONS, Objects
from pipeline.sandbox.routes import Route
from pipeline.sandbox.seeded import chance, to_time
from pipeline.sandbox.view import View
from pipeline.sandbox.world import Row

LONGEST = 500
NAMES = {"next": ("first", "next", "previous"), "next_pq": ("first_pq", "next_pq", "prev_pq")}


@dataclass(frozen=True)
class Asked:
    """A request in full. host: where the API is reached; path: as sent; query: decoded parameters.

    expire: asked before a cursor to a late page is refused; counts the refusal when it says yes.
    """

    route: Route
    host: str
    path: str
    query: dict[str, str]
    expire: Callable[[], bool]


def page_body(objects: Objects, view: View, asked: Asked) -> bytes:
    """The body of a page; Refusal when the request is not one the API takes."""
    config, kind = view.config, asked.route.kind
    embed, fields = embedded(config, kind, asked.query), projected(kind, asked.query)
    listing = _listing(view, asked)
    question = cursors.question_of(
        kind, listing.parent, asked.query.get("q"), asked.query.get("sort_by"), listing.limit
    )
    here = _cursor(config, asked, question)
    backward = asked.query.get("from_prev", "").lower() in {"true", "1"}
    number = here.page if here else 1
    empty = bool(config.empty_page_every) and number % config.empty_page_every == 0
    tail = [] if empty or backward else _repeated(view, listing, here)
    page = Page([], after=True, before=False) if empty else _page(view, listing, here, len(tail), backward=backward)
    items = [
        objects.written(shown(config, kind, objects.row(view, kind, row, embed), fields), view.now)
        for row in [*tail, *_disordered(config, page.rows)]
    ]
    places = (Cursor(0, None, 1, question), _next(config, page, here, question), _previous(page, number, question))
    body = b'{"items":[' + b",".join(items) + b"]" + _wrapper(config, asked, places)
    return objects.signer.page(body, to_time(view.now))


def _page(view: View, listing: Listing, here: Cursor | None, repeated: int, *, backward: bool) -> Page:
    shorter = Listing(listing.kind, listing.parent, listing.tree, listing.sort, max(1, listing.limit - repeated))
    return page_of(view, shorter, here, backward=backward)


def _listing(view: View, asked: Asked) -> Listing:
    config, kind, given = view.config, asked.route.kind, asked.query
    limit = _limit(config, given.get("limit"))
    tree = None
    if given.get("q") and config.grammar != "ignore":
        try:
            if config.grammar == "reject":
                raise query.BadFilter("q is not supported")  # noqa: TRY301  one way out for both
            tree = query.parse(given["q"], kind, grammar=config.grammar, precision=config.filter_precision)
        except query.BadFilter as bad:
            raise Refusal(config.refusal_status, str(bad), field="q") from None
    try:
        sort = sort_of(view, kind, given.get("sort_by"))
    except BadSort as bad:
        raise Refusal(422, str(bad), field="sort_by") from None
    return Listing(kind, asked.route.parent, tree, sort, limit)


def _limit(config: Config, text: str | None) -> int:
    if not text:
        return min(config.default_limit, config.page_cap)
    limit = int(text) if text.isascii() and text.isdigit() else 0
    if limit < 1 or (limit > LONGEST and config.over_limit == "reject"):
        raise Refusal(422, f"limit must be a whole number from 1 to {LONGEST}", field="limit")
    return min(limit, LONGEST, config.page_cap)


def embedded(config: Config, kind: str, given: dict[str, str]) -> frozenset[str]:
    """The relations that a request asks for; Refusal for one the endpoint does not know."""
    known = {"logs": ("run",), "log": ("run",)}.get(kind, RELATIONS if kind in {"runs", "run"} else None)
    asked = frozenset(part.strip() for part in given.get("embed", "").split(",") if part.strip())
    if known is None or not asked:
        return frozenset()
    if kind in {"runs", "run"} and not config.runs_embed:
        raise Refusal(422, "embed is not supported here", field="embed")
    if asked - set(known):
        raise Refusal(422, f"embed takes {', '.join(known)}", field="embed")
    return asked


def projected(kind: str, given: dict[str, str]) -> frozenset[str] | None:
    """The keys that `fields` asks for; None for all."""
    if not given.get("fields"):
        return None
    asked = frozenset(part.strip() for part in given["fields"].split(","))
    if asked - set(KEYS[kind]):
        raise Refusal(422, f"no such field: {', '.join(sorted(asked - set(KEYS[kind])))}", field="fields")
    return asked


def shown(config: Config, kind: str, made: Any, fields: frozenset[str] | None) -> Any:
    """The object with only the keys that were asked for."""
    if fields is None or not isinstance(made, dict):
        return made
    if config.projection == "null":
        return {key: held if key in fields else None for key, held in made.items()}
    return {key: made[key] for key in KEYS[kind] if key in fields and key in made}


def _cursor(config: Config, asked: Asked, question: str) -> Cursor | None:
    token = asked.query.get("pq")
    if not token:
        return None
    try:
        here = cursors.read(token, question)
    except BadCursor as bad:
        raise Refusal(400, str(bad), code="INVALID_CURSOR") from None
    if 0 < config.cursor_expires_after < here.page and asked.expire():
        raise Refusal(config.cursor_expired_status, "the cursor has expired", code="CURSOR_EXPIRED", field="pq")
    return here


def _repeated(view: View, listing: Listing, here: Cursor | None) -> list[Row]:
    if not view.config.repeat_rows or here is None or here.id is None:
        return []
    return tail_before(view, listing, here, view.config.repeat_rows)


def _disordered(config: Config, rows: list[Row]) -> list[Row]:
    rows = list(rows)
    for i in range(len(rows) - 1) if config.disorder else ():
        if chance(rows[i].id, "disorder") < config.disorder:
            rows[i], rows[i + 1] = rows[i + 1], rows[i]
    return rows


def _next(config: Config, page: Page, here: Cursor | None, question: str) -> Cursor | None:
    number = here.page if here else 1
    own = here or Cursor(0, None, number, question)
    if 0 < config.cursor_repeats_after <= number:
        return own
    if not page.rows:
        return Cursor(own.time, own.id, number + 1, question) if page.after else None
    if page.after or config.trailing_empty_page:
        last = page.rows[-1]
        return Cursor(last.time, last.id, number + 1, question)
    return None


def _previous(page: Page, number: int, question: str) -> Cursor | None:
    if not page.rows or not page.before:
        return None
    return Cursor(page.rows[0].time, page.rows[0].id, max(1, number - 1), question)


def _wrapper(config: Config, asked: Asked, places: tuple[Cursor | None, ...]) -> bytes:
    """What follows the items: the cursors, in the form and under the names of the switches."""
    others = urlencode([(name, held) for name, held in asked.query.items() if name not in {"pq", "from_prev"}])
    told = b""
    for which, (name, place) in enumerate(zip(NAMES[config.cursor_name], places, strict=True)):
        if place is None and config.end_marker == "missing":
            continue
        value = "" if config.end_marker == "empty" else None
        if place is not None:
            value = cursors.written(config, place.token(), asked.host, asked.path, others, backward=which == 2)
        told += b"," + msgspec.json.encode(name) + b":" + msgspec.json.encode(value)
    return told + b"}"
