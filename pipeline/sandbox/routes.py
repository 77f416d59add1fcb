"""Paths of the API: which kind of endpoint, under which parent, for which id."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote


class Route(NamedTuple):
    """An endpoint as it was asked. kind: as in `PATHS`; parent: an id or `any`; None where the path has none."""

    kind: str
    parent: str | None = None
    id: str | None = None


PATHS = {
    "logs": "/v1/runs/{parent}/logs",
    "log": "/v1/runs/{parent}/logs/{id}",
    "statuses": "/v1/runs/statuses",
    "runs": "/v1/runs",
    "run": "/v1/runs/{id}",
    "node_runs": "/v1/runs/{parent}/node-runs",
    "node_run": "/v1/runs/{parent}/node-runs/{id}",
    "flows": "/v1/flows",
    "flow": "/v1/flows/{id}",
    "flow_nodes": "/v1/flows/{parent}/nodes",
    "models": "/v1/models",
    "model": "/v1/models/{id}",
    "pricing": "/v1/models/{parent}/pricing",
    "price": "/v1/models/{parent}/pricing/{id}",
    "stats": "/v1/runs-stats",
    "me": "/v1/auth/me",
    "balance": "/v1/billing/balance",
    "health": "/v1/health",
    "readiness": "/v1/readiness",
}
"""Each kind of endpoint and its path; the switches and faults name endpoints by these kinds."""

LISTS = ("logs", "runs", "node_runs", "flows", "flow_nodes", "models", "pricing")
SINGLES = {
    "log": "logs",
    "run": "runs",
    "node_run": "node_runs",
    "flow": "flows",
    "model": "models",
    "price": "pricing",
}
OPEN = {"health", "readiness"}

_PATTERNS = {kind: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)) for kind, path in PATHS.items()}


def route_of(path: str) -> Route | None:
    """The endpoint of a path as sent, with its percent-encoding; None where there is none."""
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(path.removesuffix("/"))
        if found:
            return Route(kind, **{name: unquote(part) for name, part in found.groupdict().items()})
    return None
