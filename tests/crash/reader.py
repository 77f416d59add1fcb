"""A reader in a process of its own, who reads without a break: python -m tests.crash.reader HOW PUBLISHED STOP.

HOW: `database` opens it anew for each read, `open` keeps it open all the time, `files` goes by the manifest, and
`pattern` takes Parquet files by pattern below `published/parquet`, resolved once per read.
One line of JSON per read, on stdout; on stderr `reading` after the first one, and why a read failed. It ends with the
first read that began when the file STOP was there.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
from pyarrow import dataset

TABLES = ("logs", "runs", "node_runs", "flows", "models", "pricing")
PAUSE_SECONDS = 0.02


def ask(db: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Rows of each table, what the runs cost, and what the marts and the ledger say of them."""
    rows = {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0] for name in TABLES}
    spend = db.execute("SELECT sum(cost) FROM runs").fetchall()[0][0]
    told = db.execute("SELECT sum(spend_usd), sum(runs)::BIGINT FROM marts.spend_by_day").fetchall()[0]
    ended = db.execute("SELECT bool_and(status = 'done') FROM ledger.loads").fetchall()[0][0]
    return {"rows": rows, "spend": spend, "marts_agree": told == (spend, rows["runs"]), "ledger_ended": ended}


def opened(published: Path) -> duckdb.DuckDBPyConnection:
    """The database as a BI tool opens it."""
    return duckdb.connect(str(published / "flowledger.duckdb"), read_only=True, config={"threads": 1})


def database(published: Path) -> dict[str, Any]:
    """One read by a reader who comes and goes."""
    with closing(opened(published)) as db:
        return ask(db)


def files(published: Path) -> dict[str, Any]:
    """One read by the manifest: the files are those it names, in size and rows."""
    told = json.loads((published / "manifest.json").read_bytes())
    named = {name: told["files"][name] for name in TABLES}
    for file in chain.from_iterable(named.values()):
        if (published / file["path"]).stat().st_size != file["bytes"]:
            raise ValueError(f"{file['path']} has another size than the manifest says")
    return _of_tables({name: [published / file["path"] for file in each] for name, each in named.items()})


def pattern(published: Path) -> dict[str, Any]:
    """One read by pattern."""
    folder = (published / "parquet").resolve()
    return _of_tables({name: sorted((folder / name).rglob("*.parquet")) for name in TABLES})


def _of_tables(paths: dict[str, list[Path]]) -> dict[str, Any]:
    tables = {name: dataset.dataset([str(path) for path in each], format="parquet") for name, each in paths.items()}
    spend = pc.sum(tables["runs"].to_table(["cost"])["cost"]).as_py()
    return {"rows": {name: table.count_rows() for name, table in tables.items()}, "spend": spend}


def reads(how: str, published: Path) -> Iterator[dict[str, Any]]:
    """Reads without an end."""
    if how == "open":
        with closing(opened(published)) as db:
            yield from (ask(db) for _ in repeat(None))
    else:
        read = {"database": database, "files": files, "pattern": pattern}[how]
        yield from (read(published) for _ in repeat(None))


def main(how: str, published: str, stop: str) -> None:
    """The script."""
    found = reads(how, Path(published))
    first, last = True, False
    while not last:
        last = Path(stop).exists()
        began = time.monotonic()
        read = next(found)
        told = {**read, "began": began, "ended": time.monotonic(), "spend": str(Decimal(read["spend"]).normalize())}
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        if first:
            sys.stderr.write("reading\n")
            sys.stderr.flush()
        first = False
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
