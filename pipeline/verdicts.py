"""What the answers of the API tell, in lines of the doctor's table and without any of their content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline import shapes
from pipeline.errors import FlowledgerError, RequestRefused, SourceUnavailable
from pipeline.grammars import HONOURED

RELATIONS = ("node_runs", "logs", "flow", "model")

SLOWLY = "ranges are read newest first, which takes longer"
UNKNOWN = "too few different times to tell"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the doctor's table. verdict: ok, note, warn or fail. shared: what the report says instead of text."""

    topic: str
    verdict: str
    text: str
    shared: str = ""


@dataclass(frozen=True)
class Answer:
    """A response opened: its JSON (None when it is none), and what it weighed."""

    status: int
    encoding: str
    body: bytes
    wire_bytes: int

    @cached_property
    def json(self) -> Any:
        return shapes.parse(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return shapes.rows(self.json) if self.status == 200 else []


def failure(topic: str, error: Exception) -> Line:
    """A question that got no answer. What the server said of it is its own words, and stays out of the report."""
    kind = type(error).__name__
    if isinstance(error, RequestRefused):
        return Line(topic, "fail", str(error), f"{kind} {error.status}")
    if isinstance(error, SourceUnavailable):
        # A load can be gone on with; a look only be taken again.
        told = str(error).partition(" The next run")[0]
        return Line(topic, "fail", f"{told} Check RUNFLOW_API_URL and the network.", kind)
    if isinstance(error, FlowledgerError):
        return Line(topic, "fail", str(error), kind)
    return Line(topic, "fail", f"The answer has a form that this version does not expect: {kind}")


def account_lines(answer: Answer, organization: str | None) -> list[Line]:
    """Whose key it is. organization: the id of the one asked for, if any."""
    if answer.status != 200 or not isinstance(answer.json, dict):
        return [Line("account", "note", f"GET /v1/auth/me answered {answer.status}; the key is tried on the listings")]
    listed = answer.json.get("memberships")
    if not isinstance(listed, list):
        return [Line("account", "ok", "The key is accepted; its organisations are not told")]
    memberships = [member for member in listed if isinstance(member, dict)]
    scopes = sorted({scope for member in memberships for scope in _scopes(member)})
    told = f"; scopes {', '.join(scopes)}" if scopes else ""
    noun = "organisation" if len(memberships) == 1 else "organisations"
    lines = [Line("account", "ok", f"The key is accepted; {len(memberships)} {noun}{told}")]
    if organization:
        known = {member["org"].get("id") for member in memberships if isinstance(member.get("org"), dict)}
        among = organization in known
        text = f"RUNFLOW_ORGANIZATION_ID is {'' if among else 'not '}among the key's organisations"
        lines.append(Line("organisation", "ok" if among else "warn", text))
    return lines


def _scopes(member: Mapping[str, Any]) -> list[str]:
    scopes = member.get("scopes")
    named = [str(scope) for scope in scopes] if isinstance(scopes, list) else []
    return [scope for scope in named if re.fullmatch(r"[a-z_-]{1,40}:[a-z_*-]{1,40}", scope)]


def listing_lines(topic: str, answer: Answer) -> list[Line]:
    """A listing that answered: its rows, its cursor, its size."""
    name, value = shapes.cursor_of(answer.json)
    wrapper = "a bare list"
    if isinstance(answer.json, dict):
        wrapper = ", ".join(key if re.fullmatch(r"[a-z_]{1,20}", key) else "(a key)" for key in answer.json)
    text = (
        f"{len(answer.rows)} rows in {wrapper}; cursor {name or 'next'}: {shapes.cursor(value)}; "
        f"coding {answer.encoding or 'identity'}, {answer.wire_bytes:,} bytes of {len(answer.body):,}"
    )
    return [Line(topic, "ok", text)]


def cursor_line(first: Answer, second: Answer) -> Line:
    """Whether the cursor of the first page led to a second one."""
    if second.status != 200:
        return Line("cursor", "warn", f"refused: {second.status}")
    name, value = shapes.cursor_of(first.json)
    known = {row.get("id") for row in first.rows}
    repeated = sum(row.get("id") in known for row in second.rows)
    good = repeated < len(second.rows)
    told = f"the second page has {len(second.rows)} rows, {repeated} of them repeated"
    return Line("cursor", "ok" if good else "warn", f"{name} is a {shapes.cursor(value)}; {told}")


def run_lines(topic: str, runs: list[dict[str, Any]]) -> list[Line]:
    """Which generation of the run object, and how it writes ids, times and money."""
    return [
        Line(f"{topic}: shape", "note", shapes.tally(runs, shapes.generation)),
        Line(f"{topic}: relations", "note", relations(runs)),
        Line(f"{topic}: ids", "note", shapes.tally((run.get("id") for run in runs), shapes.identity)),
        Line(f"{topic}: times", "note", shapes.tally((run.get("created_at") for run in runs), shapes.time)),
        Line(f"{topic}: cost", "note", shapes.tally((run.get("cost") for run in runs), shapes.decimal)),
    ]


def relations(rows: Iterable[dict[str, Any]], names: Iterable[str] = RELATIONS) -> str:
    """What came of each relation of these rows."""
    held = list(rows)
    return "; ".join(
        f"{name}: {shapes.tally((row.get(name, shapes.MISSING) for row in held), shapes.relation)}" for name in names
    )


def sort_line(topic: str, orders: tuple[str, str]) -> Line:
    """Whether the two orders came that were asked for: ascending, then descending."""
    if "unknown" in orders:
        return Line(topic, "note", UNKNOWN)
    if orders == ("ascending", "descending"):
        return Line(topic, "ok", HONOURED)
    if orders == ("descending", "ascending"):
        return Line(topic, "warn", "reversed")
    how = "ignored" if orders[0] == orders[1] != "unordered" else "not honoured"
    return Line(topic, "warn", f"{how}; asked ascending: {orders[0]}; asked descending: {orders[1]}")


def filter_line(topic: str, heard: Mapping[str, str]) -> Line:
    """What became of each grammar; none was tried when the rows were too few."""
    if not heard:
        return Line(topic, "note", UNKNOWN)
    told = ", ".join(f"{name} {how}" for name, how in heard.items())
    return Line(topic, "ok", told) if HONOURED in heard.values() else Line(topic, "warn", f"{told}: {SLOWLY}")


def split_line(runs: Answer, log: Mapping[str, Any]) -> Line:
    """Whether the API keeps what FLOWLEDGER_PLAN=split assumes of it. runs: listed with embed; log: one line."""
    if not log.get("run_id"):
        return Line("plan split", "note", "of no use: a log line does not name its run, so it has to be read with it")
    if runs.status != 200:
        return Line("plan split", "ok", f"fits; /v1/runs refuses embed ({runs.status}), so node runs are listed apart")
    having = [run for run in runs.rows if run.get("has_node_runs") or run.get("nodes_completed")]
    if any(run.get("node_runs") for run in having):
        return Line("plan split", "ok", "fits: logs name their runs, and /v1/runs embeds node runs")
    why = "embeds none, so node runs are listed apart" if having else "shows no run that has node runs"
    return Line("plan split", "ok" if having else "note", f"fits; /v1/runs {why}")


def totals_line(answer: Answer) -> Line:
    """What the vendor's totals of one UTC day look like."""
    timeline = answer.json.get("timeline") if isinstance(answer.json, dict) else None
    if answer.status != 200 or not isinstance(timeline, list):
        text = f"answered {answer.status}: days cannot be reconciled with the vendor's totals"
        return Line("totals", "warn", text)
    buckets = [bucket for bucket in timeline if isinstance(bucket, dict)]
    spends = shapes.tally((bucket.get("spend") for bucket in buckets), shapes.decimal)
    if len(buckets) > 1:
        return Line("totals", "warn", f"one UTC day gives {len(buckets)} buckets: their days begin at another hour")
    if not buckets:
        return Line("totals", "note", "answered 200 without a bucket for yesterday: nothing to learn here")
    return Line("totals", "ok", f"one UTC day gives one bucket; spend is written as {spends}")


def empty(topic: str, answer: Answer, *, essential: bool = False) -> Line:
    """A listing that gave no row."""
    if answer.status == 200:
        return Line(topic, "note", "answered 200 without rows: nothing to learn here")
    hint = ": the key needs the scope runs:read in the organisation asked for" if answer.status == 403 else ""
    return Line(topic, "fail" if essential else "warn", f"answered {answer.status}{hint if essential else ''}")
