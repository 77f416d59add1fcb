"""The reads this product makes: ids and spans in, Requests out. Nothing here talks to anyone.

The page size is always sent: the API states no default. `q` is written by `Grammar.between` alone, from times only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote

from pipeline.values import Request

MAX_LIMIT = 500


class Grammar(StrEnum):
    """The two ways on record to write a filter; which of them the server honours is for `probe` to find out."""

    INFIX = "infix"
    DOTTED = "dotted"

    def between(self, field: str, start: datetime, end: datetime) -> str:
        """The filter for start <= field < end."""
        first, last = _time(start), _time(end)
        if self is Grammar.INFIX:
            return f"{field} >= {first} AND {field} < {last}"
        return f"{field}.gte:'{first}' AND {field}.lt:'{last}'"


def logs(q: str | None, order: str | None, limit: int = MAX_LIMIT, *, embed: bool = True) -> Request:
    """Log lines of all runs. order: such as timestamp:asc."""
    params = _listing(q, order, limit)
    return Request("logs", "/v1/runs/any/logs", (*params, ("embed", "run")) if embed else params)


def logs_of(run_id: str) -> Request:
    """Log lines of one run."""
    return Request("logs", f"/v1/runs/{_part(run_id)}/logs", _listing())


def log(log_id: str, run_id: str = "any") -> Request:
    return Request("log", f"/v1/runs/{_part(run_id)}/logs/{_part(log_id)}", (("embed", "run"),))


def runs(q: str | None, order: str | None, limit: int = MAX_LIMIT, embed: tuple[str, ...] = ()) -> Request:
    """Runs. embed: relations that the API may be asked to fill, such as node_runs."""
    params = _listing(q, order, limit)
    return Request("runs", "/v1/runs", (*params, ("embed", ",".join(embed))) if embed else params)


def run(run_id: str) -> Request:
    return Request("run", f"/v1/runs/{_part(run_id)}")


def node_runs(run_id: str = "any", q: str | None = None, order: str | None = None, limit: int = MAX_LIMIT) -> Request:
    return Request("node_runs", f"/v1/runs/{_part(run_id)}/node-runs", _listing(q, order, limit))


def flows() -> Request:
    return Request("flows", "/v1/flows", _listing())


def flow(flow_id: str) -> Request:
    return Request("flow", f"/v1/flows/{_part(flow_id)}")


def flow_nodes(flow_id: str) -> Request:
    return Request("flow_nodes", f"/v1/flows/{_part(flow_id)}/nodes", _listing())


def models() -> Request:
    return Request("models", "/v1/models", _listing())


def model(model_id: str) -> Request:
    return Request("model", f"/v1/models/{_part(model_id)}")


def pricing(model_id: str = "any") -> Request:
    """Price rules of one model, or of all."""
    return Request("pricing", f"/v1/models/{_part(model_id)}/pricing", _listing())


def stats(start: datetime, end: datetime) -> Request:
    """The vendor's totals of runs by created_at; the API counts both bounds in."""
    return Request("stats", "/v1/runs-stats", (("start", _time(start)), ("end", _time(end))))


def me() -> Request:
    return Request("me", "/v1/auth/me", (("embed", "memberships"),))


def _listing(q: str | None = None, order: str | None = None, limit: int = MAX_LIMIT) -> tuple[tuple[str, str], ...]:
    asked = (("q", q), ("sort_by", order), ("limit", str(limit)))
    return tuple((name, value) for name, value in asked if value is not None)


def _part(text: str) -> str:
    """One segment of a path: an id with a slash in it, or made of dots, must not lead to another endpoint."""
    return quote(text, safe="").replace(".", "%2E")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
