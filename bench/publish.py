"""What a publish costs beside what the warehouse holds: `python -m bench.publish [--largest 1000] [--folder DIR]`.

A night brings 500 runs, 20 thousand logs and 2,500 node runs, into two days. Warehouses of 10, 100, ... nights are
filled by SQL and published whole; then one night's change and a night with nothing new are published, time and again.
Prints CPU seconds of `publish` alone (all threads, no imports), medians with their spread, and ratios to the smallest.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duckdb import DuckDBPyConnection as Connection

from pipeline import ledger, loads, outstanding, warehouse
from pipeline.publish import publish
from pipeline.values import Batch, Outcome, Window

BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RUNS, LOGS_OF_A_RUN, STEPS_OF_A_RUN = 500, 40, 5
REPEATS = 5
# Only then every night has an expired version to deal with.
NIGHTS_BEFORE = 4

# Of the runs with the numbers first to last; each query has the columns `number`, its run, and `moment`, when that was.
RUN_AT = (
    "$start::TIMESTAMPTZ + number % $runs * INTERVAL 150 SECOND + (number - $first) // $runs * INTERVAL 1 DAY AS moment"
)
FILL = {
    "runs": f"""
        SELECT i AS number, {RUN_AT}, md5('r' || number)::UUID AS id, moment AS created_at, i AS _observation,
            CASE WHEN i % 3 = 0 THEN md5('f' || i % 10)::UUID END AS flow_id,
            CASE WHEN i % 3 > 0 THEN md5('m' || i % 30)::UUID END AS model_id,
            CASE WHEN i % 20 = 0 THEN 'failed' ELSE 'succeeded' END AS status_code, true AS _terminal,
            CASE WHEN i % 20 = 0 THEN 'code' || i % 7 END AS failure_code,
            (hash(i) % 90000 + 100)::BIGINT AS duration_ms, (hash(i) % 900 / 10000)::DECIMAL(38, 18) AS cost,
            '{{"outputs": [{{"type": "image", "url": "https://files.example/' || i || '.png"}}]}}' AS output,
            moment + INTERVAL 1 SECOND AS started_at, moment + INTERVAL 90 SECOND AS completed_at
        FROM range($first::BIGINT, $last::BIGINT) AS t(i)""",
    "logs": f"""
        SELECT i // 40 AS number, {RUN_AT}, md5('l' || i)::UUID AS id, md5('r' || number)::UUID AS run_id,
            'info' AS level_code, 'step ' || i % 40 || ' of ' || hash(i) AS message, moment AS timestamp,
            i AS _observation
        FROM range($first::BIGINT * 40, $last::BIGINT * 40) AS t(i)""",
    "node_runs": f"""
        SELECT i // 5 AS number, {RUN_AT}, md5('n' || i)::UUID AS id, md5('r' || number)::UUID AS run_id,
            md5('f' || number % 10)::UUID AS flow_id, md5('k' || i % 5)::UUID AS node_id, i AS _observation,
            'succeeded' AS state_code, true AS _terminal, (hash(i) % 20000)::BIGINT AS duration_ms, moment AS created_at
        FROM range($first::BIGINT * 5, $last::BIGINT * 5) AS t(i)""",
}
DIMENSIONS = {
    "flows": "SELECT md5('f' || i)::UUID AS id, 'flow-' || i AS slug FROM range(10) AS t(i)",
    "models": "SELECT md5('m' || i)::UUID AS id, 'model-' || i AS slug FROM range(30) AS t(i)",
    "pricing_history": """
        SELECT md5('p' || i)::UUID AS id, md5('m' || i)::UUID AS model_id, 'image' AS unit_code, 'USD' AS currency_code,
            0.03 AS price, TIMESTAMPTZ '2022-01-01 00:00:00+00' AS valid_from, true AS assumed
        FROM range(30) AS t(i)""",
}


def fill(con: Connection, first: int, last: int, start: datetime) -> None:
    """Runs number first to last, with what belongs to them; so many a day from the start on."""
    told = {"start": start, "first": first, "last": last, "runs": RUNS}
    for name, query in FILL.items():
        con.execute(
            f"INSERT INTO warehouse.main.{name} BY NAME SELECT q.* EXCLUDE (number, moment) FROM ({query}) AS q", told
        )


def night(con: Connection, now: datetime) -> None:
    """Enter a load of a night that ends now, as the ledger has them."""
    load = loads.begin_load(con, "nightly", {}, now)
    window = Window(now - DAY, now)
    ledger.record_window(con, load, 1, window, Batch({}, logs_covered=window, runs_covered=window), now)
    ledger.set_watermark(con, load, now, now)
    loads.finish_load(con, load, Outcome("nightly", load.load_id, 0, 1), now)


def filled(home: Path, days: int) -> Connection:
    """A warehouse of so many days, published once."""
    con = warehouse.connect(home / "warehouse.duckdb", ("https://bench.example", None))
    for name, query in DIMENSIONS.items():
        con.execute(f"INSERT INTO warehouse.main.{name} BY NAME {query}")
    for day in range(0, days, 100):
        fill(con, day * RUNS, min(day + 100, days) * RUNS, BEGIN + day * DAY)
    for day in range(days):
        night(con, BEGIN + (day + 1) * DAY)
    publish(con, home, BEGIN + days * DAY, reader_root=None)
    return con


def change(con: Connection, days: int, number: int) -> None:
    """Half of a night's runs into the newest day that is there, half into the next; marked as a load marks them."""
    for half in (0, 1):
        at = BEGIN + (days + number + half - 1) * DAY
        first = (2 * days + 2 * number + half) * RUNS
        fill(con, first, first + RUNS // 2, at)
        for table in FILL:
            outstanding.mark_dirty(con, table, [f"{at:%Y-%m-%d}"])


def costs(days: int, folder: Path) -> tuple[list[float], list[float], int]:
    """CPU seconds of publishing a change, and nothing new, several times each; and the size of the small database."""
    home = folder / f"home-{days}"
    changed: list[float] = []
    same: list[float] = []
    with closing(filled(home, days)) as con:
        for number in range(NIGHTS_BEFORE + REPEATS):
            for kind, spent in (("changed", changed), ("same", same)):
                now = BEGIN + (days + 1 + number) * DAY + (timedelta(hours=1) if kind == "same" else timedelta(0))
                if kind == "changed":
                    change(con, days, number)
                night(con, now)
                began = time.process_time()
                publish(con, home, now, reader_root=None)
                spent.append(time.process_time() - began)
    size = (home / "published" / "flowledger.duckdb").stat().st_size
    shutil.rmtree(home)
    return changed[NIGHTS_BEFORE:], same[NIGHTS_BEFORE:], size


def told(values: list[float], smallest: list[float]) -> str:
    """One cell: median, spread, ratio."""
    ratio = statistics.median(values) / statistics.median(smallest)
    return f"{statistics.median(values):6.3f} s ({min(values):.3f}-{max(values):.3f}) {ratio:5.2f}x"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1000, help="nights in the largest warehouse (1000)")
    parser.add_argument("--folder", type=Path, help="where the warehouses are made; the largest takes about 5 GB")
    given = parser.parse_args()
    print("| nights | runs | logs | one night's change | nothing new | database |")
    print("|---|---|---|---|---|---|")
    smallest: tuple[list[float], list[float]] | None = None
    days = 10
    while days <= given.largest:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            changed, same, size = costs(days, Path(folder))
        smallest = smallest or (changed, same)
        counts = f"{days * RUNS:,} | {days * RUNS * LOGS_OF_A_RUN:,}"
        cells = f"{told(changed, smallest[0])} | {told(same, smallest[1])}"
        print(f"| {days} | {counts} | {cells} | {size / 1e6:.1f} MB |", flush=True)
        days *= 10


if __name__ == "__main__":
    main()
