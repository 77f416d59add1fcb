"""Asks the API what its documentation leaves open: about 20 GETs, each answer a line without any content.

Open points are those of the API contract, section 4: filter, sort, cursor, wrapper, embed, signing, ids, times, money.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pipeline import endpoints, paging, shapes, verdicts
from pipeline.decode import read_head
from pipeline.errors import AccessRefused, BrokenBody, RequestRefused, SourceUnavailable
from pipeline.fetch import Source
from pipeline.grammars import tried
from pipeline.inflate import inflate
from pipeline.listing import SAMPLE, TIME_FIELDS
from pipeline.values import RawPage, Request
from pipeline.verdicts import RELATIONS, Answer, Line

FEW = 20
MOST_UNAVAILABLE = 2
REFUSED = frozenset({400, 422})
TOLERATED = REFUSED | {403, 404, 405, 410}


@dataclass
class Found:
    """What later questions take from earlier ones. order: the sort that a listing takes. ends: of last pages."""

    now: datetime
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    order: dict[str, str | None] = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)


Question = Callable[[Source, Found], Awaitable[list[Line]]]


async def interview(source: Source, now: datetime) -> AsyncIterator[Line]:
    """Ask everything; a question that fails is a line of its own and does not stop the next.

    It ends early where going on is of no use: the key is refused, or the API does not answer.
    """
    found, unavailable = Found(now), 0
    for topic, question in QUESTIONS:
        try:
            for line in await question(source, found):
                yield line
        except Exception as error:  # noqa: BLE001  an answer that nobody foresaw is what this is to find
            yield verdicts.failure(topic, error)
            unavailable += isinstance(error, SourceUnavailable)
            if topic == "account" or isinstance(error, AccessRefused) or unavailable == MOST_UNAVAILABLE:
                return
    told = shapes.tally(found.ends, str) if found.ends else "none was seen"
    yield Line("cursor: end", "note", f"on a last page: {told}")


def opened(page: RawPage) -> Answer:
    """The page with its body inflated. BrokenBody when it should be JSON and is not."""
    answer = Answer(page.status, page.encoding, inflate(page.body, page.encoding), len(page.body))
    if page.status == 200 and answer.json is None:
        raise BrokenBody("The API answered 200 with something that is no JSON.")
    return answer


def paged(page: RawPage) -> Answer:
    """A page of a listing. BrokenBody when it should be one and is not."""
    answer = opened(page)
    if page.status == 200:
        read_head(answer.body)
    return answer


async def ask(source: Source, request: Request, receive: Callable[[RawPage], Answer] = opened) -> Answer:
    """Ask once; a refusal is an answer too."""
    try:
        return await source.get(request, receive, accept=TOLERATED)
    except RequestRefused as refusal:
        return Answer(refusal.status, "", b"", 0)


async def _account(source: Source, _: Found) -> list[Line]:
    return verdicts.account_lines(await ask(source, endpoints.me()), source.settings.organization_id)


async def _ordered(source: Source, found: Found, request: Request, order: str) -> tuple[Request, Answer]:
    """Ask in this order, or in none where it is refused, and remember which."""
    found.order[request.kind] = order
    answer = await ask(source, request, paged)
    if answer.status in REFUSED:
        request = replace(request, params=tuple(pair for pair in request.params if pair[0] != "sort_by"))
        refused, answer = answer, await ask(source, request, paged)
        found.order[request.kind] = None if answer.status == 200 else order
        answer = answer if answer.status == 200 else refused
    if answer.rows:
        found.rows[request.kind] = answer.rows[0]
    return request, answer


async def _sort(source: Source, found: Found, first: Answer, descending: Request) -> Line:
    kind, name = descending.kind, TIME_FIELDS[descending.kind]
    if found.order[kind] is None:
        return Line(f"{kind}: sort", "warn", "rejected")
    second = await ask(source, descending, paged)
    up, down = (shapes.order(row.get(name) for row in answer.rows) for answer in (first, second))
    return verdicts.sort_line(f"{kind}: sort", (up, down))


async def _logs(source: Source, found: Found) -> list[Line]:
    order = "timestamp:asc"
    request, answer = await _ordered(source, found, endpoints.logs(None, order, FEW), order)
    if not answer.rows:
        return [verdicts.empty("logs", answer, essential=True)]
    again = await ask(source, request, paged)
    runs = [row["run"] for row in answer.rows if isinstance(row.get("run"), dict)]
    return [
        *verdicts.listing_lines("logs", answer),
        Line("logs: ids", "note", shapes.tally((row.get("id") for row in answer.rows), shapes.identity)),
        Line("logs: times", "note", shapes.tally((row.get("timestamp") for row in answer.rows), shapes.time)),
        Line("logs: embed=run", "ok" if runs else "warn", verdicts.relations(answer.rows, ("run",))),
        Line("signed URLs", "note", shapes.signing(answer.body, again.body)),
        await _second_page(source, request, answer),
        *(verdicts.run_lines("embedded run", runs) if runs else []),
        await _sort(source, found, answer, endpoints.logs(None, "timestamp:desc", FEW, embed=False)),
    ]


async def _second_page(source: Source, request: Request, first: Answer) -> Line:
    _, value = shapes.cursor_of(first.json)
    token = paging.cursor(value) if isinstance(value, str) else None
    if token is None:
        return Line("cursor", "note", f"one page only, which ends with: {shapes.cursor(value)}")
    return verdicts.cursor_line(first, await ask(source, request.at(token), paged))


async def _runs(source: Source, found: Found) -> list[Line]:
    order = "created_at:asc"
    _, answer = await _ordered(source, found, endpoints.runs(None, order, FEW), order)
    if not answer.rows:
        return [verdicts.empty("runs", answer, essential=True)]
    return [
        *verdicts.listing_lines("runs", answer),
        await _sort(source, found, answer, endpoints.runs(None, "created_at:desc", FEW)),
        *verdicts.run_lines("listed run", answer.rows),
    ]


async def _runs_embed(source: Source, found: Found) -> list[Line]:
    answer = await ask(source, endpoints.runs(None, None, FEW, RELATIONS), paged)
    plan = verdicts.split_line(answer, found.rows.get("logs", {}))
    if answer.status != 200:
        told = f"rejected ({answer.status}): relations come from their own endpoints"
        return [Line("runs: embed", "note", told), plan]
    return [Line("runs: embed", "note", verdicts.relations(answer.rows)), plan]


async def _logs_filter(source: Source, found: Found) -> list[Line]:
    return await _filter(source, found, endpoints.logs(None, found.order.get("logs"), SAMPLE, embed=False))


async def _runs_filter(source: Source, found: Found) -> list[Line]:
    return await _filter(source, found, endpoints.runs(None, found.order.get("runs"), SAMPLE))


async def _filter(source: Source, found: Found, sample: Request) -> list[Line]:
    if sample.kind not in found.rows:
        return []
    return [verdicts.filter_line(f"{sample.kind}: filter", await tried(source, sample, TIME_FIELDS[sample.kind]))]


async def _singles(source: Source, found: Found) -> list[Line]:
    lines = []
    for kind, listed, request_of in (("run", "runs", endpoints.run), ("log", "logs", endpoints.log)):
        row = found.rows.get(listed, {})
        if not row.get("id"):
            continue
        answer = await ask(source, request_of(str(row["id"])))
        good = answer.status == 200 and isinstance(answer.json, dict) and "id" in answer.json
        lines.append(Line(f"one {kind}", "ok" if good else "warn", f"answered {answer.status}"))
        if good:
            names = RELATIONS if kind == "run" else ("run",)
            lines.append(Line(f"one {kind}: relations", "note", verdicts.relations([answer.json], names)))
    return lines


async def _listed(source: Source, found: Found, topic: str, request: Request) -> tuple[list[Line], Answer]:
    answer = await ask(source, request, paged)
    if not answer.rows:
        return [verdicts.empty(topic, answer)], answer
    if len(answer.rows) < int(dict(request.params)["limit"]):
        found.ends.append(shapes.cursor(shapes.cursor_of(answer.json)[1]))
    return verdicts.listing_lines(topic, answer), answer


async def _node_runs(source: Source, found: Found) -> list[Line]:
    return (await _listed(source, found, "node runs of any run", endpoints.node_runs("any", limit=FEW)))[0]


async def _models(source: Source, found: Found) -> list[Line]:
    return (await _listed(source, found, "models", endpoints.models()))[0]


async def _prices(source: Source, found: Found) -> list[Line]:
    return (await _listed(source, found, "prices of any model", endpoints.pricing("any")))[0]


async def _flows(source: Source, found: Found) -> list[Line]:
    lines, answer = await _listed(source, found, "flows", endpoints.flows())
    if answer.rows:
        told = verdicts.relations(answer.rows, ("nodes", "inputs", "outputs", "created_by_user"))
        request = endpoints.flow_nodes(str(answer.rows[0].get("id")))
        lines.append(Line("flows: relations", "note", told))
        lines += (await _listed(source, found, "nodes of a flow", request))[0]
    return lines


async def _totals(source: Source, found: Found) -> list[Line]:
    day = found.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    answer = await ask(source, endpoints.stats(day, day + timedelta(days=1) - timedelta(microseconds=1)))
    return [verdicts.totals_line(answer)]


QUESTIONS: tuple[tuple[str, Question], ...] = (
    ("account", _account),
    ("logs", _logs),
    ("logs: filter", _logs_filter),
    ("runs", _runs),
    ("runs: filter", _runs_filter),
    ("runs: embed", _runs_embed),
    ("single objects", _singles),
    ("node runs", _node_runs),
    ("flows", _flows),
    ("models", _models),
    ("prices", _prices),
    ("totals", _totals),
)
