"""After any sequence of nights the small database equals one that is built whole from the same files, row for row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import ledger, loads, manifest, moments, outstanding, publish, readers, snapshot
from pipeline.values import Batch, Window
from pipeline.warehouse import connect

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAYS = ("2026-11-21", "2026-11-22", "2026-11-23", "unknown")
UNITS = ("request", "image", "second")
STATES = ("succeeded", "failed", "cancelled", "running", None)
MOMENTS = (
    "before-rename-parquet",
    "before-rename-snapshot",
    "before-rename-database",
    "before-manifest",
    "after-manifest",
)
TAKEN = (
    "SELECT id::VARCHAR, coalesce(created_at::DATE::VARCHAR, 'unknown') AS day FROM warehouse.main.runs "
    "ORDER BY id LIMIT 1 OFFSET $number"
)

days = st.sampled_from(DAYS)
small = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("insert"), days, small, st.sampled_from(STATES), st.sampled_from(["0.1", "0.2", None])),
    st.tuples(st.just("late"), small, st.sampled_from(STATES), st.sampled_from(["0.3", None])),
    st.tuples(st.just("move"), small, days),
    st.tuples(st.just("delete"), days),
    st.tuples(st.just("logs"), days, small),
    st.tuples(st.just("price"), small, st.sampled_from(UNITS), days),
    st.tuples(st.just("rename"), small),
    st.tuples(st.just("compare"), days, st.sampled_from(["ok", "healed", "mismatch"])),
    st.tuples(st.just("touch"), days),
    st.tuples(st.just("layout"), small),
    st.tuples(st.just("meddle")),
    st.tuples(st.just("lose")),
)
nights = st.tuples(st.lists(steps, max_size=3), st.sampled_from([None, None, *MOMENTS]), st.sampled_from([1, 24, 60]))
lives = st.lists(nights, min_size=2, max_size=6)


class Stopped(Exception):
    """The process ended here."""


class Home:
    """A warehouse whose rows change, and what is published of it."""

    def __init__(self, path: Path) -> None:
        self.path, self.published = path, path / "published"
        self.con = connect(path / "warehouse.duckdb", ("https://api.example", None))
        self.now, self.count = NOW, 0
        # The first days are many, so that a change of one is a small part.
        for number in range(24):
            self.insert(DAYS[number % 3], number % 4, STATES[number % 4], "0.1")
        self.rename(0)
        self.price(1, "image", DAYS[0])

    def insert(self, day: str, target: int, state: str | None, cost: str | None) -> None:
        self.count += 1
        created = None if day == "unknown" else f"{day} {self.count % 24:02}:10:00+00"
        self.con.execute(
            "INSERT INTO warehouse.main.runs (id, created_at, flow_id, model_id, status_code, _terminal, cost, "
            "duration_ms, output, failure_message) SELECT md5('r' || $n)::UUID, $created, "
            "CASE WHEN $target < 1 THEN md5('f' || $target)::UUID END, "
            "CASE WHEN $target > 1 THEN md5('m' || $target)::UUID END, $state, $state <> 'running', $cost, $n, "
            """'{"images": [1, 2]}', 'words ' || $n""",
            {"n": self.count, "created": created, "target": target, "state": state, "cost": cost},
        )
        outstanding.mark_dirty(self.con, "runs", [day])

    def late(self, number: int, state: str | None, cost: str | None) -> None:
        self._change(
            number, "status_code = $state, _terminal = $state <> 'running', cost = $cost", state=state, cost=cost
        )

    def move(self, number: int, day: str) -> None:
        self._change(number, "created_at = $created", created=None if day == "unknown" else f"{day} 00:00:00+00")
        outstanding.mark_dirty(self.con, "runs", [day])

    def _change(self, number: int, what: str, **told: str | None) -> None:
        for run, day in self.con.execute(TAKEN, {"number": number}).fetchall():
            self.con.execute(f"UPDATE warehouse.main.runs SET {what} WHERE id = $run", {"run": run, **told})
            outstanding.mark_dirty(self.con, "runs", [day])

    def delete(self, day: str) -> None:
        for table, column in (("runs", "created_at"), ("logs", "timestamp")):
            self.con.execute(
                f"DELETE FROM warehouse.main.{table} WHERE coalesce({column}::DATE::VARCHAR, 'unknown') = $day",
                {"day": day},
            )
            outstanding.mark_dirty(self.con, table, [day])

    def logs(self, day: str, number: int) -> None:
        self.count += 1
        at = None if day == "unknown" else f"{day} 12:00:00+00"
        self.con.execute(
            "INSERT INTO warehouse.main.logs (id, run_id, level_code, timestamp) "
            "VALUES (md5('l' || $n)::UUID, md5('r' || $run)::UUID, 'info', $at)",
            {"n": self.count, "run": number, "at": at},
        )
        outstanding.mark_dirty(self.con, "logs", [day])

    def price(self, number: int, unit: str, day: str) -> None:
        self.count += 1
        since = f"{DAYS[0] if day == 'unknown' else day} 12:00:00+00"
        self.con.execute(
            "INSERT INTO warehouse.main.pricing_history (id, model_id, unit_code, currency_code, price, valid_from) "
            "VALUES (md5('p' || $n)::UUID, md5('m' || $model)::UUID, $unit, 'USD', 0.05 + $n, $since)",
            {"n": self.count, "model": number, "unit": unit, "since": since},
        )
        outstanding.mark_dirty(self.con, "pricing", ["all"])

    def rename(self, number: int) -> None:
        self.count += 1
        for table in ("flows", "models"):
            told = {"id": f"{table[0]}{number}", "name": str(self.count)}
            self.con.execute(f"DELETE FROM warehouse.main.{table} WHERE id = md5($id)::UUID", {"id": told["id"]})
            self.con.execute(f"INSERT INTO warehouse.main.{table} (id, slug) VALUES (md5($id)::UUID, $name)", told)
            outstanding.mark_dirty(self.con, table, ["all"])

    def compare(self, day: str, status: str) -> None:
        self.con.execute(
            "INSERT INTO warehouse.ledger.reconciliation (day, status, checked_at, load_id) VALUES (?, ?, ?, 'x')",
            [day, status, self.now],
        )

    def touch(self, day: str) -> None:
        outstanding.mark_touched(self.con, [day])

    def layout(self, number: int) -> None:
        publish._layout = lambda: f"layout {number}"

    def meddle(self) -> None:
        with suppress(duckdb.Error), closing(duckdb.connect(str(self.published / manifest.DATABASE))) as db:
            db.execute("DELETE FROM daily.run_counts")

    def lose(self) -> None:
        for path in sorted((self.published / "files").rglob("*.parquet"))[:1]:
            path.unlink()

    def spend(self, done: list[tuple], stop: str | None, hours: int) -> None:
        """One night; where it is stopped, the next one follows at once."""
        self.now += timedelta(hours=hours)
        for name, *told in done:
            getattr(self, name)(*told)
        window = Window(self.now - timedelta(days=1), self.now)
        load = loads.begin_load(self.con, "nightly", {}, self.now)
        ledger.record_window(self.con, load, 0, window, Batch({}, logs_covered=window, runs_covered=window), self.now)
        ledger.set_watermark(self.con, load, self.now, self.now)
        for moment in [stop, None] if stop else [None]:
            with suppress(Stopped), stopping(moment):
                publish.publish(self.con, self.path, self.now, reader_root=None)


@contextmanager
def stopping(moment: str | None) -> Iterator[None]:
    def stop(name: str) -> None:
        if name == moment:
            raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments, "reached", stop)
        yield


@pytest.fixture(autouse=True)
def same_layout_afterwards(monkeypatch):
    monkeypatch.setattr(publish, "_layout", publish._layout)


def shown(database: Path) -> dict[str, list[tuple]]:
    """All that readers see: marts in their order, the rest sorted, and what is said of it."""
    with closing(duckdb.connect(str(database), read_only=True)) as db:
        db.execute("SET TimeZone = 'UTC'")
        names = db.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables ORDER BY ALL"
        ).fetchall()
        found = {name: db.execute(f"FROM {name}").fetchall() for (name,) in names}
        found = {name: rows if name[:5] == "marts" else sorted(rows, key=str) for name, rows in found.items()}
        columns = "schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal"
        said = "view_name, comment FROM duckdb_views() WHERE NOT internal"
        asked = (columns, said, "table_name, comment FROM duckdb_tables()")
        return found | {each: db.execute(f"SELECT {each} ORDER BY ALL").fetchall() for each in asked}


def whole(home: Home, told: manifest.Manifest) -> dict[str, list[tuple]]:
    """What a database shows that is built from all files."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "whole.duckdb"
        readers.build(target, told.files, home.published, readers.ledger_rows(home.con))
        return shown(target)


def check(home: Home) -> None:
    """The database, the files by pattern, and what is kept of earlier versions."""
    told = manifest.read(home.published)
    assert shown(home.published / manifest.DATABASE) == whole(home, told)
    for table, column in (("runs", "cost"), ("logs", "run_id::VARCHAR")):
        asked = f"SELECT id::VARCHAR AS id, {column} FROM {{}} ORDER BY id"
        with closing(duckdb.connect(str(home.published / manifest.DATABASE), read_only=True)) as db:
            seen = db.execute(asked.format(table)).fetchall()
        assert seen == home.con.execute(asked.format(f"warehouse.main.{table}")).fetchall()
    paths = {file.path.removeprefix("files/") for each in told.files.values() for file in each}
    below = snapshot._below((home.published / "parquet").resolve())
    assert below == paths
    held = [snapshot._below(folder) for folder in (home.published / "snapshots").iterdir()]
    assert paths <= snapshot._below(home.published / "files") <= set().union(*held)
    assert (home.published / "parquet").readlink().name == told.snapshot
    assert outstanding.dirty_partitions(home.con) == []


def live(life: list[tuple], every: int) -> None:
    """Spend these nights, and look after every so many."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        with closing(home.con):
            home.spend([], None, 1)
            for number, (done, stop, hours) in enumerate(life, start=1):
                home.spend(done, stop, hours)
                if number % every == 0:
                    check(home)


LIFE = [
    ([("insert", "2026-11-22", 2, "succeeded", "0.2"), ("logs", "2026-11-21", 1)], "before-manifest", 24),
    ([("price", 2, "request", "2026-11-22"), ("rename", 0), ("compare", "2026-11-22", "ok")], None, 60),
    ([("meddle",), ("touch", "2026-11-22"), ("late", 2, "failed", "0.3")], "before-rename-database", 60),
    ([("delete", "2026-11-21"), ("move", 0, "unknown")], None, 60),
    ([("lose",), ("move", 1, "2026-11-21")], "before-rename-snapshot", 60),
    ([("delete", "unknown")], None, 60),
]


def test_a_life_of_nights_ends_in_what_a_whole_rebuild_gives():
    live(LIFE, every=2)


@pytest.mark.heavy
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(lives)
def test_any_life_of_nights_ends_in_what_a_whole_rebuild_gives(life):
    live(life, every=1)
