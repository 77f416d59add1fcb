"""P8: the embedded payload can be rebuilt from the tables.

Up to absent against null, the spelling of numbers and times, queries of signed URLs, and personal data by policy.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import tables
from pipeline.decode import RELATIONS, read_head
from pipeline.flatten import flatten
from pipeline.observations import Observations
from pipeline.privacy import parse
from pipeline.tables import TABLES
from pipeline.values import LandedPage, Request

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PARENT = {"logs": "run_id", "node_runs": "run_id", "pricing": "model_id"}
LISTS = {"node_runs": "node_runs", "pricing": "pricing"}
ONES = {"flow": "flows", "model": "models"}

texts = st.one_of(st.text(st.characters(codec="utf-8"), max_size=12), st.just("https://h/a?v=1"))
numbers = st.one_of(st.integers(-(2**70), 2**70), st.decimals(allow_nan=False, allow_infinity=False))
free = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
money = st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-9))
VALUES = {
    tables.UUID: st.uuids().map(str),
    tables.TEXT: texts,
    tables.JSON: free,
    tables.TIME: st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda d: (EPOCH + d).isoformat()),
    tables.MONEY: st.one_of(money.map(str), money),
    tables.INT: st.integers(-(2**63), 2**63 - 1),
    tables.BOOL: st.booleans(),
}


@st.composite
def objects(draw, kind, ids):
    """An object with any part of its known keys, unknown ones beside them, and a new id."""
    columns = [column for column in TABLES[kind].columns if column.name not in {"id", PARENT.get(kind)}]
    chosen = draw(st.lists(st.sampled_from(columns), unique_by=lambda c: c.name, max_size=6))
    made = {"id": str(UUID(int=next(ids)))}
    for column in chosen:
        made[column.name] = draw(st.one_of(st.none(), VALUES[column.type]))
    made |= {f"new_{key}": value for key, value in draw(st.dictionaries(texts, free, max_size=2)).items()}
    if "created_by_user" in made:
        made["created_by_user"] = {"id": str(UUID(int=next(ids))), "avatar_url": draw(texts)}
    return made


@st.composite
def pages(draw):
    ids = itertools.count(1)
    logs = []
    for _ in range(draw(st.integers(1, 3))):
        log = draw(objects("logs", ids))
        if draw(st.booleans()):
            run = draw(objects("runs", ids))
            run["node_runs"] = draw(st.lists(objects("node_runs", ids), max_size=2))
            if draw(st.booleans()):
                run["flow"] = draw(objects("flows", ids))
                run["flow_id"] = run["flow"]["id"]
            if draw(st.booleans()):
                run["model"] = draw(objects("models", ids)) | {
                    "pricing": draw(st.lists(objects("pricing", ids), max_size=2))
                }
                run["model_id"] = run["model"]["id"]
            log["run"] = run
        logs.append(log)
    return logs


def encoded(value):
    """JSON text with decimals as numbers."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{encoded(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encoded, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def plain(value):
    """A JSON value with equal numbers equal."""
    if isinstance(value, dict):
        return {key: plain(held) for key, held in value.items()}
    if isinstance(value, list):
        return [plain(held) for held in value]
    return Decimal(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def parsed(json_text):
    return None if json_text is None else plain(json.loads(json_text, parse_float=Decimal))


def expected(kind, made):
    """The payload as the claim compares it: nulls are absent, each value in one spelling."""
    types = {column.name: column.type for column in TABLES[kind].columns}
    result = {}
    for key, value in made.items():
        if value is None or key in RELATIONS.get(kind, ()):
            continue
        if types.get(key) == tables.TIME:
            result[key] = datetime.fromisoformat(value).astimezone(UTC)
        elif types.get(key) == tables.MONEY:
            result[key] = Decimal(value)
        else:
            result[key] = plain(value)
    return result


def rebuilt(kind, row):
    result = {}
    for column in TABLES[kind].columns:
        value = row[column.name]
        if value is None:
            continue
        if column.type == tables.UUID:
            value = str(value)
        elif column.type == tables.JSON:
            value = parsed(value)
        elif column.type == tables.INT:
            value = Decimal(value)
        result[column.name] = value
    return result | {key: value for key, value in (parsed(row["extra"]) or {}).items() if value is not None}


@settings(max_examples=150, deadline=None)
@given(pages())
def test_p8_the_payload_can_be_rebuilt_from_the_tables(logs):
    observations = Observations(1, parse("keep"))
    landed = LandedPage(0, Request("logs", "/v1/runs/any/logs"), 200, "identity", "0", EPOCH)
    page = encoded({"items": logs, "next": None}).encode()
    observations.add("logs", read_head(page).items, landed, None)
    assert not observations.rejects
    found = defaultdict(dict)
    for name, table in flatten(observations.settle(), observations.fetched_at).items():
        for row in table.to_pylist():
            found[name][str(row["id"])] = row
    for log in logs:
        row = found["logs"][log["id"]]
        run = log.get("run")
        assert rebuilt("logs", row) == expected("logs", log) | ({"run_id": run["id"]} if run else {})
        if run:
            check(found, "runs", run)
            for node in run["node_runs"]:
                check(found, "node_runs", node, run_id=run["id"])
            if "flow" in run:
                check(found, "flows", run["flow"])
            if "model" in run:
                check(found, "models", run["model"])
                for rule in run["model"]["pricing"]:
                    check(found, "pricing", rule, model_id=run["model"]["id"])


def check(found, kind, made, **filled):
    assert rebuilt(kind, found[kind][made["id"]]) == expected(kind, made) | filled
