"""PyAirbyte with a declarative source, merged into DuckDB: python run.py URL API_KEY OUT_DB COUNT CODING.

It keeps a log's run as one JSON column, which is less than the six tables. Prints one line of JSON; fails unless COUNT
logs are there, each with its run.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import duckdb

SCHEMA = "runflow"


def load(url: str, key: str, file: Path, coding: str) -> None:
    """Read the stream into a cache, which is the database; the files in between and the logs go when it is done."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        # Read when it is imported: no catalogue of connectors is asked for, nothing is told to others.
        os.environ.update({"AIRBYTE_OFFLINE_MODE": "1", "AIRBYTE_LOGGING_ROOT": folder})
        airbyte = importlib.import_module("airbyte")
        source = airbyte.get_source(
            "source-runflow",
            source_manifest=Path(__file__).with_name("manifest.yaml"),
            config={"url": url, "api_key": key, "coding": coding},
            streams=["logs"],
        )
        cache = airbyte.DuckDBCache(db_path=file, schema_name=SCHEMA, cache_dir=Path(folder))
        source.read(cache, write_strategy="merge", skip_validation=True)
        cache.close()


def verified(file: Path, count: int) -> dict[str, int]:
    """Rows of the one table; an error unless COUNT logs are there, each with its run."""
    with duckdb.connect(str(file), read_only=True) as con:
        rows, logs, named, runs = con.execute(
            "SELECT count(*), count(DISTINCT id), count(DISTINCT run_id), count(DISTINCT run ->> '$.id')"
            f" FROM {SCHEMA}.logs"
        ).fetchall()[0]
    if not rows == logs == count or not 0 < runs == named:
        sys.exit(f"There are {logs} logs of {named} runs and {runs} runs; there should be {count} logs.")
    return {"logs": rows}


def main(url: str, key: str, out: str, count: str, coding: str) -> None:
    """Load everything and tell what was written."""
    # Progress is printed; the only line of output is the result.
    with contextlib.redirect_stdout(sys.stderr):
        load(url, key, Path(out), coding)
    versions = {name: version(name) for name in ("airbyte", "airbyte-cdk", "duckdb")}
    sys.stdout.write(json.dumps({"tables": verified(Path(out), int(count)), "versions": versions}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
