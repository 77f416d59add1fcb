"""The quarantine: shows what was set aside, reads it again, and closes what should be forgotten.

In: the settings. Out: rows for the terminal, or the outcome of a replay. A reject that decodes now is committed in the
place of its first observation, so that the tables are as if it had been good from the start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import duckdb

from pipeline import commit, landing, loads, status, warehouse
from pipeline.digest_key import policy_of
from pipeline.errors import UsageError
from pipeline.flatten import flatten
from pipeline.lease import hold_lease
from pipeline.observations import Observations
from pipeline.privacy import Policy
from pipeline.publish import publish
from pipeline.settings import Settings
from pipeline.tables import TABLES
from pipeline.values import PAGE_BITS, POSITION_BITS, Batch, LandedPage, Outcome, Request, short

Connection = duckdb.DuckDBPyConnection
LISTED = ("reject_id", "object", "row_id", "path", "reason", "times", "last_seen_at")
SHOWN = (*LISTED, "status", "first_seen_at", "request", "sha256", "observation", "load_id", "raw")
FINDINGS = 3
# Of these a copy that was rejected belongs to the history, also when a newer one has been loaded since.
WITH_HISTORY = tuple(kind for kind, table in commit.OBJECTS.items() if TABLES[table].history)
AGAIN = (
    "WHERE r.status = 'open' OR (r.status = 'loaded' AND r.object IN (SELECT unnest($kept::VARCHAR[]))) "
    "ORDER BY r.observation"
)


def list_rejects(settings: Settings) -> list[dict[str, Any]]:
    """The open rejects, newest first."""
    with _opened(settings, "rejects list") as con:
        return _rows(con, LISTED, "WHERE r.status = 'open' ORDER BY r.last_seen_at DESC, r.reject_id", {})


def show(settings: Settings, reject_id: str) -> dict[str, Any]:
    """One reject with its raw text; UsageError when there is none of that id.

    page: 0-based order of receipt in its load. position: of the item on the page that it is, or stands in.
    """
    with _opened(settings, "rejects show") as con:
        return _one(con, reject_id)


def discard(settings: Settings, reject_id: str) -> None:
    """Close one reject without loading it; a later sighting does not open it again."""
    with _opened(settings, "rejects discard") as con:
        _one(con, reject_id)
        con.execute(
            "UPDATE warehouse.ledger.rejects SET status = 'discarded', resolved_at = $now WHERE reject_id = $id",
            {"now": datetime.now(UTC), "id": reject_id},
        )
        status.write_status(con, settings.home, datetime.now(UTC))


def replay_rejects(settings: Settings, *, now: datetime) -> Outcome:
    """Decode every open reject again, commit what is good now, publish. What is still bad stays open."""
    began = time.monotonic()
    with _opened(settings, "rejects replay") as con:
        policy = policy_of(settings)
        load = loads.begin_load(con, "rejects replay", {}, now, policy.text)
        record = landing.WindowRecord(load.load_id, load.number, 0, "rejects replay", None, None, None, policy.text, ())
        pending = landing.write_record(settings.raw, record)
        batch = _decoded_again(con, policy)
        done = commit.commit_batch(con, load, None, batch, now, watermark=None, commit_number=0)
        landing.confirm_record(pending)
        manifest = publish(con, settings.home, now, reader_root=settings.reader_root)
        outcome = Outcome(
            "rejects replay",
            load.load_id,
            FINDINGS if done.findings else 0,
            merged=done.merged,
            findings=tuple(done.findings),
            drift=tuple(done.drift),
            rejected=len(batch.rejects),
            seconds=time.monotonic() - began,
            published=manifest.version,
        )
        loads.finish_load(con, load, outcome, datetime.now(UTC))
        status.write_status(con, settings.home, datetime.now(UTC))
    return outcome


def _decoded_again(con: Connection, policy: Policy) -> Batch:
    seen = Observations(0, policy)
    rows = _rows(con, SHOWN, AGAIN, {"kept": list(WITH_HISTORY)})
    for row in rows:
        page = LandedPage(0, Request("rejects", row["request"]), 200, "identity", row["sha256"], row["last_seen_at"])
        seen.again(commit.OBJECTS[row["object"]], row["raw"].encode(), row["observation"], page)
    tables = flatten(seen.settle(), seen.fetched_at)
    # What is still bad was seen when it was rejected.
    drift = tuple(each for each in seen.sightings.drift if each.kind == "unknown")
    still_open = {row["observation"] for row in rows if row["status"] == "open"}
    return Batch(tables, tuple(each for each in seen.rejects if each.observation in still_open), drift)


@contextmanager
def _opened(settings: Settings, command: str) -> Iterator[Connection]:
    if not settings.warehouse.exists():
        raise UsageError(
            f"There is no warehouse at {settings.home} yet, so nothing was rejected. Run: flowledger nightly"
        )
    with hold_lease(settings.home, settings.wait, command=command):
        con = warehouse.connect(settings.warehouse, None)
        try:
            yield con
        finally:
            con.close()


def _one(con: Connection, reject_id: str) -> dict[str, Any]:
    found = _rows(con, SHOWN, "WHERE r.reject_id = $id", {"id": reject_id})
    if not found:
        raise UsageError(f"There is no reject {reject_id}. See: flowledger rejects list")
    row = found[0]
    raw, seen = row.pop("raw"), int(row.pop("observation"))
    page, place = divmod(seen & ((1 << (PAGE_BITS + POSITION_BITS)) - 1), 1 << POSITION_BITS)
    row = {name: short(value) if isinstance(value, datetime) else value for name, value in row.items()}
    # An item of a page has an odd place; what came inside it has the even one before.
    return {**row, "page": page, "position": place // 2, "raw": raw}


def _rows(con: Connection, names: tuple[str, ...], rest: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    columns = ", ".join(f"r.{name}" for name in names)
    rows = con.execute(f"SELECT {columns} FROM warehouse.ledger.rejects AS r {rest}", values).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]
