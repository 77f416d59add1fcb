"""dlt's own REST source with merge, tuned by a competent user: python run.py URL API_KEY OUT_DB COUNT CODING.

Every list becomes a table of its own, as is dlt's default. Prints one line of JSON; fails unless COUNT logs are there.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import dlt
import duckdb
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source

SETTINGS = {
    # What is compared is CPU: a second process shortens the wait on two cores, and costs 5 to 20 % more CPU.
    "NORMALIZE__WORKERS": "1",
    # A page is 500 items of 47 KB. The default of 5000 items in a buffer takes more memory, and is not faster.
    "DATA_WRITER__BUFFER_MAX_ITEMS": "500",
    # Intermediate files are written and read once: compressing them is a sixth of all CPU.
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    # No second copy of what is loaded, no message over the network, no progress bars.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}
SCHEMA = "runflow"


def config(url: str, key: str, coding: str) -> RESTAPIConfig:
    """One resource: all logs, each with its run, upserted by id: measured, delete-insert costs a quarter more."""
    return {
        "client": {
            "base_url": url,
            "headers": {"Accept-Encoding": coding},
            "auth": {"type": "bearer", "token": key},
            "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "pq"},
        },
        "resources": [
            {
                "name": "logs",
                "primary_key": "id",
                "write_disposition": {"disposition": "merge", "strategy": "upsert"},
                "endpoint": {
                    "path": "/v1/runs/any/logs",
                    "params": {"sort_by": "timestamp:asc", "limit": 500, "embed": "run"},
                    "data_selector": "items",
                },
            }
        ],
    }


def load(url: str, key: str, file: Path, coding: str) -> None:
    """Extract, normalise, load; dlt's working folder lies beside the database and goes when it is done."""
    os.environ.update(SETTINGS)
    # Parsed JSON has no cycles: looking for them costs a seventh of all.
    gc.disable()
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        pipeline = dlt.pipeline(
            "peer", pipelines_dir=folder, destination=dlt.destinations.duckdb(str(file)), dataset_name=SCHEMA
        )
        # Parquet is what DuckDB takes in fastest; the default is INSERT statements.
        pipeline.run(rest_api_source(config(url, key, coding)), loader_file_format="parquet")


def verified(file: Path, count: int) -> dict[str, int]:
    """Rows by table; an error unless COUNT logs are there, each with its run."""
    with duckdb.connect(str(file), read_only=True) as con:
        names = con.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = ? AND table_name NOT LIKE '\\_dlt%' ESCAPE '\\' ORDER BY ALL",
            [SCHEMA],
        ).fetchall()
        rows = {name: con.table(f"{SCHEMA}.{name}").count("*").fetchall()[0][0] for (name,) in names}
        logs, named, runs = con.execute(
            f"SELECT count(DISTINCT id), count(DISTINCT run_id), count(DISTINCT run__id) FROM {SCHEMA}.logs"
        ).fetchall()[0]
    if not rows["logs"] == logs == count or not 0 < runs == named:
        sys.exit(f"There are {logs} logs of {named} runs and {runs} runs; there should be {count} logs.")
    return rows


def main(url: str, key: str, out: str, count: str, coding: str) -> None:
    """Load everything and tell what was written."""
    load(url, key, Path(out), coding)
    told = {"tables": verified(Path(out), int(count)), "versions": {name: version(name) for name in ("dlt", "duckdb")}}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
