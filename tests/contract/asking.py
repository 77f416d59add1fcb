"""Asking a served sandbox over real HTTP, as any client would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx

from pipeline.sandbox import Config, Sandbox, serve

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = {"Authorization": "Bearer rf_live_sandbox"}
LOGS = "/v1/runs/any/logs"
SMALL = {"seed": 3, "days": 2, "runs_per_day": 8, "logs_per_run": 6, "now": NOW}


@contextmanager
def sandbox(**switches) -> Iterator[tuple[Sandbox, httpx.Client]]:
    """A small served sandbox at a fixed time, and a client that holds its key."""
    with (
        serve(Config(**{**SMALL, **switches})) as box,
        httpx.Client(base_url=box.url, headers=KEY, verify=False, trust_env=False) as client,
    ):
        yield box, client


def rows(client: httpx.Client, path: str = LOGS, **params) -> list:
    """The items of one page."""
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def ids(items: list) -> list[str]:
    """Their ids, in order."""
    return [item["id"] for item in items]


def walk(client: httpx.Client, path: str = LOGS, name: str = "next", **params) -> Iterator[dict]:
    """All pages of a list, by what is in the cursor of that name."""
    page = client.get(path, params=params).json()
    yield page
    while token := token_of(page.get(name)):
        answer = client.get(path, params={**params, "pq": token})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page


def token_of(cursor: str | None) -> str | None:
    """The token in a cursor of any form."""
    if not cursor or "pq=" not in cursor:
        return cursor
    return parse_qs(urlsplit(cursor).query or cursor.lstrip("?"))["pq"][0]


def time_of(text: str) -> datetime:
    """A time as it was spelled."""
    return datetime.fromisoformat(text)


def written(moment: datetime) -> str:
    """A time as filters and totals take it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
