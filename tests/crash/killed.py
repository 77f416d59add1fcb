"""Nights that are killed, and what may then be found in a home. Findings are sentences; a whole home has none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline import landing, lease, ledger, manifest, tables, warehouse, windows
from pipeline.parquet import EXPORTED
from pipeline.sandbox import Sandbox, Truth
from pipeline.values import PAGE_BITS, POSITION_BITS
from tests.crash.night import START, spend_night
from tests.product import NOW, dump

ROOT = Path(__file__).parents[2]
# When a day was compared, and how often, is the loads' own affair.
BY_LOAD = ("checked_at", "comparisons")
EVENT = {"logs": "timestamp", "runs": "created_at"}


@dataclass(frozen=True)
class World:
    """The API, the one home that every night here works in, and what nights that nobody killed made of it.

    loaded: a copy of the home after the night before. clean: the content of a home that was never killed.
    reached: how often a night in an empty home reaches each moment. seconds: how long it takes.
    """

    box: Sandbox
    truth: Truth
    home: Path
    loaded: Path
    clean: dict[str, Any]
    watermark: datetime
    reached: Counter[str]
    seconds: float

    def begin(self, *, loaded: bool) -> None:
        """An empty home, or the one that the night before has left."""
        shutil.rmtree(self.home, ignore_errors=True)
        if loaded:
            shutil.copytree(self.loaded, self.home, symlinks=True)

    def undisturbed(self) -> int:
        """Exit code of a night that nobody kills."""
        return spend_night(self.box.url, self.home, NOW)

    def killed(self, where: str, how_much: float) -> int:
        """Return code of a night in a process of its own that is killed there; negative when it was."""
        told = [self.box.url, str(self.home), NOW.isoformat(), where, str(how_much)]
        return subprocess.run([sys.executable, "-m", "tests.crash.night", *told], cwd=ROOT, check=False).returncode


def content(home: Path) -> dict[str, Any]:
    """What the warehouse holds and what readers see, without lineage; equal in every home that read the same."""
    return {"stored": dump(home), "shown": _shown(home / "published" / manifest.DATABASE)}


def _shown(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    lineage = {*tables.LINEAGE, "_gone_at", "_removed_at"} - {"_absent", "_terminal"}
    with closing(duckdb.connect(str(database), read_only=True)) as db:
        db.execute("SET TimeZone = 'UTC'")
        found = {}
        for name, exported in EXPORTED.items():
            columns = ", ".join(f'"{c.name}"' for c in exported.columns if c.name not in lineage)
            found[name] = db.execute(f'SELECT {columns} FROM main."{name}" ORDER BY ALL').fetchall()
        marts = db.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
        return found | {
            name: db.execute(f'SELECT {told} FROM marts."{name}" ORDER BY ALL').fetchall()
            for (name,) in marts
            for told in (f"* EXCLUDE ({', '.join(BY_LOAD)})" if name == "reconciliation" else "*",)
        }


def halves(home: Path, truth: Truth, scratch: Path) -> list[str]:
    """Where the ledger and the tables tell different things. The warehouse is looked at in a copy."""
    names = [name for name in ("warehouse.duckdb", "warehouse.duckdb.wal") if (home / name).exists()]
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for name in names:
        shutil.copy(home / name, scratch)
    with closing(warehouse.connect(scratch / "warehouse.duckdb", None)) as con:
        return [
            *_uncovered(con, truth),
            *_watermark_astray(con),
            *_open_runs_astray(con),
            *_rows_of_no_commit(con, home / "raw"),
        ]


def _uncovered(con: Any, truth: Truth) -> list[str]:
    """A window that the ledger calls done is stored whole, and nothing is stored of any other."""
    found = []
    for kind, column in EVENT.items():
        spans = ledger.covered(con, kind)
        rows = getattr(truth, kind).values()
        due = {row["id"] for row in rows if any(start <= row[column] < end for start, end in spans)}
        stored = {row[0] for row in con.execute(f"SELECT id::VARCHAR FROM warehouse.main.{kind}").fetchall()}
        found += [f"{kind} {each} is not stored, and its window is done" for each in sorted(due - stored)]
        found += [f"{kind} {each} is stored, and its window is not done" for each in sorted(stored - due)]
    return found


def _watermark_astray(con: Any) -> list[str]:
    mark, spans = ledger.watermark(con), ledger.covered(con, "logs")
    reached = windows.contiguous_end(spans, START) if spans else None
    return [] if mark == reached else [f"the watermark is {mark}, and the logs are read up to {reached}"]


def _open_runs_astray(con: Any) -> list[str]:
    differ = con.execute(
        "SELECT o.run_id, r.id FROM warehouse.ledger.open_runs AS o FULL JOIN (SELECT id FROM warehouse.main.runs "
        "WHERE NOT coalesce(_terminal, false) AND _gone_at IS NULL) AS r ON o.run_id = r.id "
        "WHERE o.run_id IS NULL OR r.id IS NULL"
    ).fetchall()
    return [f"open runs: the ledger has {there}, the table {here}" for there, here in differ]


def _rows_of_no_commit(con: Any, raw: Path) -> list[str]:
    """Every stored row came with a page of a commit that is in the ledger, and of a load that is."""
    done = ledger.commits(con)
    # A page of a listing that is read once per load may belong to several commits.
    read = {
        (record.load_number, page.page)
        for record in map(landing._read_record, (raw / "records").glob("*.json*"))
        for page in record.pages
        if (record.load_number, record.commit_number) in done
    }
    loads = {row[0] for row in con.execute("SELECT load_id FROM warehouse.ledger.loads").fetchall()}
    found = []
    for name in tables.TABLES:
        rows = con.execute(f"SELECT DISTINCT _observation, _load_id FROM warehouse.main.{name}").fetchall()
        pages = {divmod(at >> POSITION_BITS, 1 << PAGE_BITS) for at, _ in rows}
        found += [f"{name}: rows of load and page {at} have no commit" for at in pages if at not in read]
        found += [f"{name}: rows of an unknown load {each}" for each in {load for _, load in rows} - loads]
    return found


def torn(published: Path) -> list[str]:
    """Why a reader of this folder would not see one complete version."""
    told, database = manifest.read(published), published / manifest.DATABASE
    if not database.exists():
        return ["there is a manifest and no database"] if told else []
    missing = [
        f for files in (told.files.values() if told else ()) for f in files if not manifest.is_intact(published, f)
    ]
    found = [f"{file.path} is not what the manifest says" for file in missing]
    with closing(duckdb.connect(str(database), read_only=True)) as db:
        seen = _counts(lambda name: db.execute(f'SELECT count(*) FROM main."{name}"').fetchone()[0])
        spent = db.execute("SELECT sum(cost) FROM runs").fetchone()
        if db.execute("SELECT sum(spend_usd) FROM marts.spend_by_day").fetchone() != spent:
            found.append(f"the marts tell another spend than {spent}")
    folder = (published / "parquet").resolve(strict=True)
    newest = _counts(lambda name: _rows_below(folder / name))
    # Between the database and the manifest the readers of the one are ahead of the readers of the other.
    whole = [told.rows] if told and told.version == folder.name else [newest, told.rows] if told else [newest]
    return found if seen in whole else [*found, f"the database shows {seen}, and there is {whole}"]


def _counts(of: Callable[[str], int]) -> dict[str, int]:
    return {name: of(name) for name in EXPORTED}


def _rows_below(folder: Path) -> int:
    if not folder.exists():
        return 0
    return int(duckdb.sql(f"SELECT count(*) FROM read_parquet('{folder}/**/*.parquet')").fetchall()[0][0])


def left_behind(home: Path) -> list[str]:
    """What killed nights have left that the next night should have taken away or ended.

    A page that was being written when the power failed is swept a day later.
    """
    names = [str(path.relative_to(home)) for path in home.rglob("*") if path.name.startswith(".")]
    found = [name for name in names if not name.startswith("raw/bodies/")]
    found += [path.name for path in (home / "raw" / "records").glob("*.pending")]
    found += [name for name in ("lease.json", "warehouse.duckdb.wal") if (home / name).exists()]
    if lease.is_held(home):
        found.append("the lease is held")
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        loads = con.execute("SELECT load_id, status FROM warehouse.ledger.loads ORDER BY number").fetchall()
        dirty = con.execute("SELECT table_name, partition FROM warehouse.ledger.dirty_partitions").fetchall()
        done = ledger.commits(con)
    found += [f"{load} is {status}" for load, status in loads if status not in {"done", "interrupted"}]
    if done != {(record.load_number, record.commit_number) for record in landing.records(home / "raw")}:
        found.append("the landed records are not those of the commits")
    return found + [f"{table} {partition} is not published" for table, partition in dirty]


def watermark(home: Path) -> datetime | None:
    """Where the nightly stands."""
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        mark = ledger.watermark(con)
        return mark and mark.astimezone(UTC)


def not_as_clean(world: World) -> list[str]:
    """Where the home differs from one that was never killed."""
    here = content(world.home)
    found = [
        f"{part} {name} differs"
        for part, clean in world.clean.items()
        for name in clean
        if here[part][name] != clean[name]
    ]
    if watermark(world.home) != world.watermark:
        found.append(f"the watermark is {watermark(world.home)}, not {world.watermark}")
    return [*found, *torn(world.home / "published"), *left_behind(world.home)]
