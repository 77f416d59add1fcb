"""From a request that was let in to the body of its answer."""

from __future__ import annotations

from typing import Any

from pipeline.sandbox import account
from pipeline.sandbox.envelope import Refusal
from pipeline.sandbox.objects import Objects
from pipeline.sandbox.pages import Asked, embedded, page_body, projected, shown
from pipeline.sandbox.routes import LISTS, SINGLES, Route
from pipeline.sandbox.seeded import to_time
from pipeline.sandbox.stats import totals
from pipeline.sandbox.view import View
from pipeline.sandbox.world import Row

UNKNOWN = {"runs": "RUN_NOT_FOUND", "logs": "LOG_NOT_FOUND", "flows": "FLOW_NOT_FOUND", "models": "MODEL_NOT_FOUND"}
PARENTS = {"logs": "runs", "node_runs": "runs", "flow_nodes": "flows", "pricing": "models"}
OWNERS = {"flow_nodes": "flow_id", "pricing": "model_id"}


def body_of(objects: Objects, view: View, asked: Asked) -> bytes:
    """The body of a 200; Refusal for any other."""
    route = asked.route
    if route.kind in LISTS:
        if route.parent not in {None, "any"}:
            _row(view, PARENTS[route.kind], str(route.parent))
        return page_body(objects, view, asked)
    if route.kind in SINGLES:
        return _single(objects, view, asked)
    made = objects.spelled(_made(view, route, asked.query))
    return objects.signer.page(objects.written(made, view.now), to_time(view.now))


def _made(view: View, route: Route, query: dict[str, str]) -> Any:
    if route.kind == "stats":
        return totals(view, query)
    if route.kind == "me":
        return account.me(view.config, query)
    if route.kind in {"balance", "statuses"}:
        return {"balance": account.balance, "statuses": account.statuses}[route.kind](view.config)
    return {"health": account.health, "readiness": account.readiness}[route.kind]()


def _single(objects: Objects, view: View, asked: Asked) -> bytes:
    route, kind = asked.route, SINGLES[asked.route.kind]
    row = _row(view, kind, str(route.id))
    if route.parent not in {None, "any", _parent_of(kind, row)}:
        raise _not_found(kind)
    embed, fields = embedded(view.config, route.kind, asked.query), projected(kind, asked.query)
    made = shown(view.config, kind, objects.row(view, kind, row, embed), fields)
    return objects.signer.page(objects.written(made, view.now), to_time(view.now))


def _parent_of(kind: str, row: Row) -> str:
    """The id under which the row is found; empty where rows stand alone."""
    if kind not in PARENTS:
        return ""
    parent: str = row.thing[OWNERS[kind]] if kind in OWNERS else row.thing.id
    return parent


def _row(view: View, kind: str, id: str) -> Row:
    """The row with this id, if it exists by now; Refusal otherwise."""
    if kind in view.world.by_id:
        row = view.world.by_id[kind].get(id)
    else:
        row = next((row for row in view.dimension(kind) if row.id == id), None)
    if row is None or not view.exists(kind, row):
        raise _not_found(kind)
    return row


def _not_found(kind: str) -> Refusal:
    return Refusal(404, f"{kind.removesuffix('s').replace('_', ' ')} not found", code=UNKNOWN.get(kind, "NOT_FOUND"))
