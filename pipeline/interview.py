"""Asks the API what its documentation leaves open: about 20 GETs, each answer a line without any content.

Open points are those of the API contract, section 4: filter, sort, cursor, wrapper, embed, signing, ids, times, money.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipeline import endpoints, paging, shapes
from pipeline.errors import FlowledgerError, RequestRefused
from pipeline.fetch import Source
from pipeline.inflate import inflate
from pipeline.probe import probe
from pipeline.values import RawPage, Request
from pipeline.verdicts import RELATIONS, Answer, Line, empty, listing_lines, relations, run_lines, sort_line

FEW = 20
SAMPLE = 100
TOLERATED = frozenset({400, 403, 404, 405, 410, 422})


def opened(page: RawPage) -> Answer:
    """The page with its body inflated."""
    return Answer(page.status, page.encoding, inflate(page.body, page.encoding), len(page.body))


async def ask(source: Source, request: Request) -> Answer:
    """Ask once; a refusal is an answer too."""
    try:
        return await source.get(request, opened, accept=TOLERATED)
    except RequestRefused as refusal:
        return Answer(refusal.status, "", b"", 0)


async def interview(source: Source, now: datetime) -> AsyncIterator[Line]:
    """Ask everything; a question that fails is a line of its own and does not stop the next."""
    found: dict[str, Any] = {"now": now}
    questions: tuple[tuple[str, Callable[[Source, dict[str, Any]], Awaitable[list[Line]]]], ...] = (
        ("account", _account),
        ("logs", _logs),
        ("logs: sort", _logs_sort),
        ("logs: filter", lambda s, _: _filter(s, "logs", "timestamp")),
        ("runs", _runs),
        ("runs: filter", lambda s, _: _filter(s, "runs", "created_at")),
        ("runs: embed", lambda s, _: _runs_embed(s)),
        ("single objects", _singles),
        ("node runs", lambda s, _: _node_runs(s)),
        ("dimensions", lambda s, _: _dimensions(s)),
        ("totals", _totals),
    )
    for topic, question in questions:
        try:
            for line in await question(source, found):
                yield line
        except FlowledgerError as error:
            yield Line(topic, "fail", str(error))


async def _account(source: Source, found: dict[str, Any]) -> list[Line]:
    answer = await ask(source, endpoints.me())
    if answer.status != 200 or not isinstance(answer.json, dict):
        return [Line("account", "note", f"GET /v1/auth/me answered {answer.status}; the key is tried on the listings.")]
    memberships = [m for m in answer.json.get("memberships") or [] if isinstance(m, dict)]
    scopes = sorted({str(scope) for m in memberships for scope in m.get("scopes") or []})
    found["organizations"] = [m["org"] for m in memberships if isinstance(m.get("org"), dict)]
    told = f"; scopes {', '.join(scopes)}" if scopes else ""
    return [Line("account", "ok", f"The key is accepted; {len(memberships)} organisations{told}.")]


async def _logs(source: Source, found: dict[str, Any]) -> list[Line]:
    request = endpoints.logs(None, "timestamp:asc", FEW, embed=True)
    answer = await ask(source, request)
    if not answer.rows:
        return [empty("logs", answer)]
    again = await ask(source, request)
    found["log"], found["ascending"] = answer.rows[0], [row.get("timestamp") for row in answer.rows]
    runs = [row["run"] for row in answer.rows if isinstance(row.get("run"), dict)]
    lines = [
        *listing_lines("logs", answer),
        Line("logs: ids", "note", shapes.tally((row.get("id") for row in answer.rows), shapes.identity)),
        Line("logs: times", "note", shapes.tally((row.get("timestamp") for row in answer.rows), shapes.time)),
        Line("logs: embed=run", "ok" if runs else "warn", f"{len(runs)} of {len(answer.rows)} rows carry their run"),
        Line("signed URLs", "note", shapes.signing(answer.body, again.body)),
        *await _second_page(source, request, answer),
    ]
    return lines + (run_lines("embedded run", runs) if runs else [])


async def _second_page(source: Source, request: Request, first: Answer) -> list[Line]:
    name, value = shapes.cursor_of(first.json)
    token = paging.cursor(value) if isinstance(value, str) else None
    if token is None:
        return [Line("cursor", "note", f"one page only; the end is {shapes.cursor(value)} {name}".rstrip())]
    second = await ask(source, request.at(token))
    known = {row.get("id") for row in first.rows}
    repeated = sum(row.get("id") in known for row in second.rows)
    good = second.status == 200 and bool(second.rows) and repeated < len(second.rows)
    told = (
        f"{name} is a {shapes.cursor(value)}; the second page has {len(second.rows)} rows, {repeated} of them repeated"
    )
    return [Line("cursor", "ok" if good else "warn", told if second.status == 200 else f"refused: {second.status}")]


async def _logs_sort(source: Source, found: dict[str, Any]) -> list[Line]:
    answer = await ask(source, endpoints.logs(None, "timestamp:desc", FEW, embed=False))
    orders = (
        shapes.order(found.get("ascending", [])),
        shapes.order(row.get("timestamp") for row in answer.rows),
    )
    return [sort_line("logs: sort", orders, answer.status)]


async def _runs(source: Source, found: dict[str, Any]) -> list[Line]:
    up = await ask(source, endpoints.runs(None, "created_at:asc", FEW))
    down = await ask(source, endpoints.runs(None, "created_at:desc", FEW))
    if not up.rows:
        return [empty("runs", up)]
    found["run"] = up.rows[0]
    orders = (
        shapes.order(row.get("created_at") for row in up.rows),
        shapes.order(row.get("created_at") for row in down.rows),
    )
    return [
        *listing_lines("runs", up),
        sort_line("runs: sort", orders, down.status),
        *run_lines("listed run", up.rows),
    ]


async def _runs_embed(source: Source) -> list[Line]:
    request = endpoints.runs(None, None, FEW)
    asked = replace(request, params=(*request.params, ("embed", ",".join(RELATIONS))))
    answer = await ask(source, asked)
    if answer.status != 200:
        return [Line("runs: embed", "note", f"refused: {answer.status}; relations come from their own endpoints")]
    return [Line("runs: embed", "note", relations(answer.rows))]


async def _filter(source: Source, kind: str, field: str) -> list[Line]:
    listing = endpoints.logs(None, f"{field}:asc", SAMPLE, embed=False)
    if kind == "runs":
        listing = endpoints.runs(None, f"{field}:asc", SAMPLE)

    def rows_of(page: RawPage) -> list[tuple[str, datetime]]:
        return [
            (str(row["id"]), datetime.fromisoformat(str(row[field])))
            for row in opened(page).rows
            if row.get("id") and row.get(field)
        ]

    grammar = await probe(source, listing, field, rows_of)
    if grammar is None:
        text = "no filter grammar works, or too few rows to tell: ranges are read newest first, which takes longer"
        return [Line(f"{kind}: filter", "warn", text)]
    return [Line(f"{kind}: filter", "ok", f"q is honoured: {getattr(grammar, 'name', grammar)}")]


async def _singles(source: Source, found: dict[str, Any]) -> list[Line]:
    lines = []
    for kind, request_of in (("run", endpoints.run), ("log", endpoints.log)):
        if kind in found:
            answer = await ask(source, request_of(str(found[kind]["id"])))
            good = answer.status == 200 and isinstance(answer.json, dict)
            lines.append(Line(f"one {kind}", "ok" if good else "warn", f"answered {answer.status}"))
            if good:
                run = answer.json if kind == "run" else answer.json.get("run")
                lines.append(Line(f"one {kind}: relations", "note", relations([run] if isinstance(run, dict) else [])))
    return lines


async def _node_runs(source: Source) -> list[Line]:
    answer = await ask(source, endpoints.node_runs("any"))
    return listing_lines("node runs of any run", answer) if answer.rows else [empty("node runs of any run", answer)]


async def _dimensions(source: Source) -> list[Line]:
    lines = []
    flows = await ask(source, endpoints.flows())
    asked = [("flows", flows), ("models", await ask(source, endpoints.models()))]
    if flows.rows:
        asked.append(("nodes of a flow", await ask(source, endpoints.flow_nodes(str(flows.rows[0].get("id"))))))
    asked.append(("prices of any model", await ask(source, endpoints.pricing("any"))))
    for name, answer in asked:
        lines += listing_lines(name, answer) if answer.rows else [empty(name, answer)]
    if flows.rows:
        filled = [name for name in ("nodes", "inputs", "outputs", "created_by_user") if flows.rows[0].get(name)]
        lines.append(Line("flows: relations", "note", f"filled: {', '.join(filled) or 'none'}"))
    return lines


async def _totals(source: Source, found: dict[str, Any]) -> list[Line]:
    day = found["now"].replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    answer = await ask(source, endpoints.stats(day, day + timedelta(days=1) - timedelta(microseconds=1)))
    timeline = answer.json.get("timeline") if isinstance(answer.json, dict) else None
    if answer.status != 200 or not isinstance(timeline, list):
        return [Line("totals", "warn", f"answered {answer.status}: days cannot be reconciled with the vendor's totals")]
    spends = shapes.tally((bucket.get("spend") for bucket in timeline if isinstance(bucket, dict)), shapes.decimal)
    return [Line("totals", "ok", f"one day gives {len(timeline)} buckets; spend is written as {spends}")]
