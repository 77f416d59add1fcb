"""dlt by an expert who writes the six tables by hand: python run.py URL API_KEY OUT_DB COUNT CODING.

Parsing by orjson, one copy of a run per page, Arrow tables that dlt need not normalise, merge on id. Prints one line
of JSON; fails unless COUNT logs are there, each with its run.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dlt
import duckdb
import orjson
import pyarrow as pa
from columns import COLUMNS
from dlt.sources.helpers import requests

Rows = dict[str, dict[str, dict[str, Any]]]

SCHEMA = "runflow"
TYPES = {
    "text": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "bool": pa.bool_(),
    "decimal": pa.decimal128(38, 18),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
SETTINGS = {
    # Nothing is left to normalise: a second process would only cost its start.
    "NORMALIZE__WORKERS": "1",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}


def pages(url: str, key: str, coding: str) -> Iterator[list[dict[str, Any]]]:
    """The items of all pages of logs with their runs, oldest first."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {key}", "Accept-Encoding": coding})
    params = {"sort_by": "timestamp:asc", "limit": "500", "embed": "run"}
    while True:
        answer = session.get(f"{url}/v1/runs/any/logs", params=params, stream=True)
        # In one piece: `content` decompresses and joins ten kilobytes at a time, for a third more.
        page = orjson.loads(answer.raw.read(decode_content=True))
        yield page["items"]
        if not page["next"]:
            return
        params["pq"] = page["next"]


def keep(rows: Rows, items: Iterable[dict[str, Any]]) -> None:
    """Put the runs of a page, and what is in them, in their newest state. A page repeats a run some twenty times."""
    for run in {log["run"]["id"]: log["run"] for log in items if log["run"]}.values():
        _put(rows, "runs", [run])
        _put(rows, "node_runs", run["node_runs"] or ())
        if run["flow"]:
            _put(rows, "flows", [run["flow"]])
        if run["model"]:
            _put(rows, "models", [run["model"]])
            _put(rows, "pricing", run["model"]["pricing"] or ())


def _put(rows: Rows, table: str, found: Iterable[dict[str, Any]]) -> None:
    for thing in found:
        rows[table][thing["id"]] = flat(table, thing)


def flat(table: str, thing: dict[str, Any]) -> dict[str, Any]:
    """One object as a row: scalars as they came, everything else as JSON."""
    return {name: _text(thing.get(name)) if kind == "json" else thing.get(name) for name, kind in columns(table)}


def _text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def columns(table: str) -> list[tuple[str, str]]:
    return [(name, kind) for kind, names in COLUMNS[table].items() for name in names.split()]


def arrow(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as Arrow; times and money are parsed by Arrow from the API's own text, and stay exact."""
    made = {}
    for name, kind in columns(table):
        values = [row[name] for row in rows]
        parsed = kind in {"decimal", "timestamp"}
        made[name] = pa.array(values, pa.string()).cast(TYPES[kind]) if parsed else pa.array(values, TYPES[kind])
    return pa.table(made)


@dlt.resource(name="logs")
def everything(url: str, key: str, coding: str) -> Iterator[Any]:
    """Logs page by page; the rest once, when all of it has been seen."""
    rows: Rows = {table: {} for table in COLUMNS if table != "logs"}
    for items in pages(url, key, coding):
        yield named("logs", [flat("logs", log) for log in items])
        keep(rows, items)
    for table, found in rows.items():
        if found:
            yield named(table, list(found.values()))


def named(table: str, rows: list[dict[str, Any]]) -> Any:
    """Rows with the table they belong to, upserted by id."""
    hints = dlt.mark.make_hints(
        table_name=table,
        primary_key="id",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns={name: {"data_type": "json"} for name, kind in columns(table) if kind == "json"},
    )
    return dlt.mark.with_hints(arrow(table, rows), hints, create_table_variant=True)


def load(url: str, key: str, file: Path, coding: str) -> None:
    """Extract and load; dlt's working folder lies beside the database and goes when it is done."""
    os.environ.update(SETTINGS)
    # Parsed JSON has no cycles: looking for them takes a quarter of the time of parsing.
    gc.disable()
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        pipeline = dlt.pipeline(
            "peer", pipelines_dir=folder, destination=dlt.destinations.duckdb(str(file)), dataset_name=SCHEMA
        )
        pipeline.run(everything(url, key, coding), loader_file_format="parquet")


def verified(file: Path, count: int) -> dict[str, int]:
    """Rows by table; an error unless COUNT logs are there, each with its run, and no id twice."""
    with duckdb.connect(str(file), read_only=True) as con:
        rows, ids = {}, {}
        for table in COLUMNS:
            query = f"SELECT count(*), count(DISTINCT id) FROM {SCHEMA}.{table}"
            rows[table], ids[table] = con.execute(query).fetchall()[0]
        alone = con.execute(
            f"SELECT count(*) FROM {SCHEMA}.logs ANTI JOIN {SCHEMA}.runs ON logs.run_id = runs.id"
        ).fetchall()[0][0]
    if rows != ids or rows["logs"] != count or alone:
        sys.exit(f"There are {rows}, {ids} ids and {alone} logs without a run; there should be {count} logs.")
    return rows


def main(url: str, key: str, out: str, count: str, coding: str) -> None:
    """Load everything and tell what was written."""
    load(url, key, Path(out), coding)
    versions = {name: version(name) for name in ("dlt", "duckdb", "pyarrow", "orjson")}
    sys.stdout.write(json.dumps({"tables": verified(Path(out), int(count)), "versions": versions}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
