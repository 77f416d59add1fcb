"""What a commit of 100 thousand logs costs by the size of the table that they go into: CPU, and peak memory.

    .venv/bin/python -m bench.table_size [--rows 0,1000000,10000000,30000000] [--ids v7,random,random-runs] [--times 3]

Each figure is the median of commits in processes of their own, each into a copy of the same file; in brackets the
ratio to an empty table. `plain` are new logs of the day after the last; with `late` come ten more, of old runs anywhere
in the table, five new and five changed; `repeat` is the same batch once more, which writes nothing. Log ids are UUIDv7
or random, and with `random-runs` the ids of runs are random too.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from pipeline import loads, warehouse
from pipeline.commit import commit_batch
from pipeline.tables import TABLES
from pipeline.values import Batch

HOME = Path(__file__).parent / ".data"
BATCH = 100_000
LATE = 10
PER_RUN = 40
END_MS = 1_795_132_800_000
"""2026-11-20 in UTC: the table ends there, 100 thousand logs a day, and the batch begins."""
STEP_MS = 864
STEP = 2_000_000
CASES = ("plain", "late", "repeat")
LOG_IDS = {"v7": "v7(ms, salted)", "random": "v4(salted)", "random-runs": "v4(salted)"}
RUN_IDS = {"v7": "v7(run_ms, md5('r' || run))", "random": "v7(run_ms, md5('r' || run))"}
MACROS = """
CREATE OR REPLACE TEMP MACRO v7(ms, r) AS (
    substr(printf('%012x', ms), 1, 8) || '-' || substr(printf('%012x', ms), 9, 4) || '-7' || substr(r, 1, 3)
    || '-8' || substr(r, 4, 3) || '-' || substr(r, 7, 12)
)::UUID;
CREATE OR REPLACE TEMP MACRO v4(r) AS (
    substr(r, 1, 8) || '-' || substr(r, 9, 4) || '-4' || substr(r, 13, 3) || '-a' || substr(r, 16, 3) || '-'
    || substr(r, 19, 12)
)::UUID;
"""


def logs(ids: str, first: int, end: int) -> str:
    """A query of logs number first to end, 0 being the first after the table's end, as flatten hands them over."""
    return f"""
    SELECT
        {LOG_IDS[ids]} AS id, {RUN_IDS.get(ids, "v4(md5('r' || run))")} AS run_id, 'info' AS level_code,
        'step ' || (abs(i) % 40) || ' of flow ' || (abs(i) % 977) || ' is done after ' || abs(i) || ' ms' AS message,
        make_timestamptz(ms * 1000) AS "timestamp", ('{{"step":' || abs(i) % 40 || '}}')::JSON AS meta,
        NULL::JSON AS extra, make_timestamptz(ms * 1000) AS _fetched_at, i + (1::BIGINT << 40) AS _observation,
        0::BIGINT AS _absent, true AS _terminal
    FROM (
        SELECT i, run, md5('l' || i) AS salted, {END_MS} + i * {STEP_MS} AS ms,
               {END_MS} + run * {PER_RUN * STEP_MS} AS run_ms
        FROM (SELECT r.i, floor(r.i / {PER_RUN})::BIGINT AS run FROM range({first}, {end}) AS r (i))
    )"""


def table(ids: str, rows: int) -> Path:
    """The file with so many logs and their runs, made once."""
    path = HOME / f"table-size-{ids}-{rows}.duckdb"
    if path.exists():
        return path
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    con = warehouse.connect(draft, ("http://127.0.0.1", None))
    con.execute(MACROS)
    for first in range(-rows, 0, STEP):
        con.execute(
            "INSERT INTO warehouse.main.logs BY NAME SELECT l.*, l._fetched_at AS _loaded_at, 'made' AS _load_id, "
            f"md5(l.message) AS _row_hash FROM ({logs(ids, first, min(first + STEP, 0))}) AS l"
        )
    con.execute(
        "INSERT INTO warehouse.main.runs BY NAME SELECT l.run_id AS id, min(l.timestamp) AS created_at, "
        "'succeeded' AS status_code, 0.01 AS cost, 1::BIGINT AS _observation, 0::BIGINT AS _absent, true AS _terminal, "
        "min(l.timestamp) AS _fetched_at, 'made' AS _load_id, md5(l.run_id::VARCHAR) AS _row_hash "
        "FROM warehouse.main.logs AS l GROUP BY l.run_id ORDER BY created_at"
    )
    con.execute(
        "INSERT INTO warehouse.main.runs BY NAME SELECT DISTINCT l.run_id AS id, true AS _terminal "
        f"FROM ({logs(ids, 0, BATCH)}) AS l"
    )
    con.close()
    draft.rename(path)
    return path


def batch(con: duckdb.DuckDBPyConnection, ids: str, rows: int, case: str) -> pa.Table:
    """New logs of one day; with late ones five that are new to old runs, and five that have changed."""
    con.execute(MACROS)
    con.execute("SET arrow_lossless_conversion = true")
    schema = TABLES["logs"].stage_schema
    parts = [con.execute(logs(ids, 0, BATCH)).to_arrow_table().select(schema.names)]
    if case == "late":
        for n in range(LATE):
            at = -rows + rows * (2 * n + 1) // (2 * LATE) if rows else BATCH + n
            # Another id is a new log of that run, and another text a changed one.
            salt = "salted" if n % 2 and rows else "md5(salted)"
            other = logs(ids, at, at + 1).replace("salted)", f"{salt})").replace("'step ", "'late ")
            parts.append(con.execute(other).to_arrow_table().select(schema.names))
    con.execute("SET arrow_lossless_conversion = false")
    return pa.concat_tables(part.cast(schema) for part in parts)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Of this process alone; ru_maxrss begins with the peak of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(ids: str, rows: int, case: str, path: Path) -> dict[str, Any]:
    """One commit, in this process."""
    con = warehouse.connect(path, None)
    rows_of_logs = batch(con, ids, rows, case)
    given = Batch({name: each.stage_schema.empty_table() for name, each in TABLES.items()} | {"logs": rows_of_logs})
    now = datetime(2026, 11, 22, tzinfo=UTC)
    load = loads.begin_load(con, "nightly", {}, now, "default")

    def commit(number: int) -> tuple[float, tuple[int, int, int]]:
        began = cpu()
        merged = commit_batch(con, load, None, given, now, watermark=None, commit_number=number).merged["logs"]
        return cpu() - began, (merged.inserted, merged.updated, merged.unchanged)

    before = peak_mb()
    seconds, wrote = commit(1)
    if case == "repeat":
        con.execute("CHECKPOINT warehouse")
        seconds, wrote = commit(2)
    added = peak_mb() - before
    began = cpu()
    con.close()
    return {"commit": seconds, "checkpoint": cpu() - began, "peak": peak_mb(), "added": added, "wrote": wrote}


def measured(ids: str, rows: int, case: str) -> dict[str, Any]:
    """One commit into a copy of the table, in a process of its own."""
    HOME.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=HOME) as folder:
        copy = Path(folder) / "warehouse.duckdb"
        shutil.copyfile(table(ids, rows), copy)
        command = [sys.executable, "-m", "bench.table_size", "--one", ids, str(rows), case, str(copy)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(told)
    return found


def show(ids: str, sizes: list[int], times: int) -> None:
    """A table of one kind of ids. The sizes take turns, so that a busy minute is nobody's."""
    print(
        f"\nids: {ids}\n{'rows':>12} {'case':8} {'commit':>16} {'checkpoint':>16} {'peak MB':>14}  written, unchanged"
    )
    for case in CASES:
        taken = [{rows: measured(ids, rows, case) for rows in sizes} for _ in range(times)]
        figures = {
            rows: {name: median(each[rows][name] for each in taken) for name in ("commit", "checkpoint", "peak")}
            for rows in sizes
        }
        for rows, found in figures.items():
            cells = [f"{found[n]:8.3f} ({found[n] / figures[sizes[0]][n]:.2f}x)" for n in ("commit", "checkpoint")]
            memory = f"{found['peak']:5.0f} ({found['peak'] / figures[sizes[0]]['peak']:.2f}x)"
            inserted, updated, unchanged = taken[0][rows]["wrote"]
            print(
                f"{rows:12,} {case:8} {cells[0]:>16} {cells[1]:>16} {memory:>14}  {inserted + updated:,}, {unchanged:,}"
            )


def main() -> None:
    """Without --one, everything."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", default="0,1000000,10000000,30000000")
    asked.add_argument("--ids", default="v7,random,random-runs")
    asked.add_argument("--times", type=int, default=3)
    asked.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        ids, rows, case, path = given.one
        print(json.dumps(measure(ids, int(rows), case, Path(path))))
        return
    for ids in given.ids.split(","):
        show(ids, [int(rows) for rows in given.rows.split(",")], given.times)


if __name__ == "__main__":
    main()
