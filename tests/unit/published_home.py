"""A warehouse to publish, and what readers then see of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipeline import ledger, loads, outstanding
from pipeline.values import Batch, Reject, Window
from pipeline.warehouse import connect

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RUN = "0199f3c2-7d1e-7000-8000-00000000000"


def write_marts(folder: Path) -> None:
    """Two marts, the second of which reads the first."""
    (folder / "a_spend.sql").write_text(
        "-- Spend per UTC day\nSELECT r.created_at::DATE AS day, sum(r.cost) AS cost, count(*) AS runs\n"
        "FROM main.runs AS r GROUP BY ALL ORDER BY day;\n"
    )
    (folder / "b_total.sql").write_text("-- All spend\nSELECT sum(s.cost) AS cost FROM marts.a_spend AS s\n")


def filled(home: Path) -> duckdb.DuckDBPyConnection:
    """A warehouse with runs of two days and one without a day, and a flow with its history."""
    con = connect(home / "warehouse.duckdb", ("https://api.example", "org-1"))
    load = loads.begin_load(con, "nightly", {}, NOW)
    window = Window(NOW - 2 * DAY, NOW)
    ledger.record_window(con, load, 0, window, Batch({}, logs_covered=window, runs_covered=window), NOW)
    outstanding.record_rejects(con, load, (Reject("run", "a", "cost", "is no amount", "{}", "", "", 1, NOW),), NOW)
    add_run(con, 1, "2026-11-22 23:59:59.999999+00", "0.000000000000000001")
    add_run(con, 2, "2026-11-23 00:00:00+00", "2.5")
    add_run(con, 3, None, None)
    con.execute(
        "INSERT INTO warehouse.main.flows (id, name, nodes) VALUES (?, 'f', ?)",
        [f"{RUN}7", '[{"id": "0199f3c2-7d1e-7000-8000-000000000008", "slug": "n"}]'],
    )
    outstanding.mark_dirty(con, "flows", ["all"])
    con.execute(
        "INSERT INTO warehouse.main.flows_history (id, valid_from, name, _load_id) VALUES (?, ?, 'f', 'x')",
        [f"{RUN}7", NOW],
    )
    return con


def add_run(con, number: int, created: str | None, cost: str | None) -> None:
    con.execute(
        "INSERT INTO warehouse.main.runs (id, created_at, cost, input) VALUES (?, ?, ?, '{\"k\": [1]}')",
        [f"{RUN}{number}", created, cost],
    )
    outstanding.mark_dirty(con, "runs", [created[:10] if created else "unknown"])


def change(con, number: int, cost: str, day: str) -> None:
    con.execute(f"UPDATE warehouse.main.runs SET cost = {cost} WHERE id = '{RUN}{number}'")
    outstanding.mark_dirty(con, "runs", [day])


def published(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(home / "published" / "flowledger.duckdb"), read_only=True)


def ask(home: Path, query: str) -> list[tuple]:
    db = published(home)
    try:
        db.execute("SET TimeZone = 'UTC'")
        return db.execute(query).fetchall()
    finally:
        db.close()


def costs(home: Path) -> dict:
    return dict(ask(home, "SELECT right(id, 1)::INTEGER, cost FROM runs"))


def by_pattern(home: Path) -> dict:
    """What a reader sees who takes the files by pattern."""
    pattern = home / "published" / "parquet" / "runs" / "**" / "*.parquet"
    return dict(duckdb.sql(f"SELECT right(id, 1)::INTEGER, cost FROM read_parquet('{pattern}')").fetchall())
