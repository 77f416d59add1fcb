"""The command `forget`: takes a person out of pages, tables, quarantine and published files, and keeps them out.

In: the settings and the person's id. Out: the lines to print. Stopped at any moment, it is finished by running it
again: until then `forget.json`, for its owner only, holds what the person goes by. Source: ADR 19.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection as Connection

from pipeline import forget_pages, forgotten, landing, ledger, loads, moments, snapshot, status, warehouse
from pipeline.compaction import write_anew
from pipeline.digest_key import key_of, policy_of
from pipeline.errors import UsageError
from pipeline.forget_plan import Plan, done, read_plan, write_plan
from pipeline.forget_rejects import learn_from_rejects, rejects_without
from pipeline.forget_tables import learn_from_tables, take_out
from pipeline.lease import hold_lease
from pipeline.loads import Load
from pipeline.publish import publish
from pipeline.settings import Settings
from pipeline.sought import Sought
from pipeline.values import Merged, Outcome
from pipeline.warehouse import transaction

COMMAND = "forget"
NO_LOAD = Load("", 0)


@dataclass(frozen=True, slots=True)
class Changed:
    """How many landed pages and, by table, how many rows held the person."""

    pages: int
    rows: Mapping[str, int]


class _Undone(Exception):
    """Takes back a transaction that was only to tell what it would do."""


def forget(settings: Settings, user: str, *, now: datetime, dry_run: bool = False) -> Iterator[str]:
    """Forget the person of this id. UsageError where there is no home to forget anybody in."""
    if not settings.warehouse.exists():
        raise UsageError(
            f"There is no warehouse in {settings.home}, so nobody can be forgotten there. Is FLOWLEDGER_HOME right? "
            "If only the warehouse is gone, build it again first: flowledger replay"
        )
    began = time.monotonic()
    with hold_lease(settings.home, settings.wait, command=COMMAND):
        plan = read_plan(settings.home)
        # Whoever was left half forgotten is finished with this person.
        plan.ids.add(user.lower())
        if dry_run:
            yield from _told(_tried(settings, plan.sought()), would=True)
            return
        changed, load = _taken_out(settings, plan, now)
        moments.reached("forget-tables")
        write_anew(settings.warehouse)
        moments.reached("forget-anew")
        version = _published(settings, load, changed, now, began)
        done(settings.home)
    yield from _told(changed, would=False)
    yield f"Published: version {version}; every earlier version is gone."
    for path in forget_pages.unreadable(settings.raw):
        yield f"Damaged, so that nobody can say what it holds; delete it: {path}"


def _tried(settings: Settings, sought: Sought) -> Changed:
    """What would change. The tables are changed, counted and rolled back."""
    rows: dict[str, int] = {}
    with closing(warehouse.connect(settings.warehouse, None)) as con:
        _learn(con, settings, sought)
        pages = forget_pages.count(settings.raw, sought)
        try:
            with transaction(con):
                rows = take_out(con, NO_LOAD, sought, policy_of(settings), datetime.now(UTC))
                rows |= rejects_without(con, sought, {})
                raise _Undone  # noqa: TRY301  the transaction is what it is raised through
        except _Undone:
            return Changed(pages, rows)


def _taken_out(settings: Settings, plan: Plan, now: datetime) -> tuple[Changed, Load]:
    """Remember first, then the pages, then the tables: whatever is left, another run finds and finishes."""
    sought, policy = plan.sought(), policy_of(settings)
    with closing(warehouse.connect(settings.warehouse, None)) as con:
        landing.settle_pending(settings.raw, lambda r: ledger.committed(con, r.load_number, r.commit_number))
        load = loads.begin_load(con, COMMAND, {}, now, policy.text)
        _learn(con, settings, sought)
        write_plan(settings.home, plan)
        key = key_of(settings.home)
        with transaction(con):
            forgotten.remember(con, load, key, sought, now)

        def note(renamed: Mapping[str, str]) -> None:
            plan.renamed.update(renamed)
            write_plan(settings.home, plan)
            moments.reached("forget-bodies")

        pages = forget_pages.rewrite(settings.raw, sought, note)
        landing.sweep(settings.raw)
        with transaction(con):
            rows = take_out(con, load, sought, policy, now)
            rows |= rejects_without(con, sought, plan.renamed)
    return Changed(pages, rows), load


def _learn(con: Connection, settings: Settings, sought: Sought) -> None:
    """What tables, quarantine and pages tell: other words for the person, and the runs that they created."""
    known = -1
    while known != sought.size:
        known = sought.size
        learn_from_tables(con, sought)
        learn_from_rejects(con, sought)
        forget_pages.learn(settings.raw, sought)


def _published(settings: Settings, load: Load, changed: Changed, now: datetime, began: float) -> str:
    """Close the load and publish; readers of earlier versions lose them at once."""
    updated = {name.removeprefix("main."): Merged(updated=rows) for name, rows in changed.rows.items()}
    outcome = Outcome(COMMAND, load.load_id, 0, merged=updated, seconds=time.monotonic() - began)
    with closing(warehouse.connect(settings.warehouse, None)) as con:
        loads.finish_load(con, load, outcome, datetime.now(UTC))
        manifest = publish(con, settings.home, now, reader_root=settings.reader_root, anew=True)
        snapshot.keep_only(settings.published.absolute())
        outcome = Outcome(COMMAND, load.load_id, 0, merged=updated, published=manifest.version)
        loads.finish_load(con, load, outcome, datetime.now(UTC))
        status.write_status(con, settings.home, datetime.now(UTC))
    return manifest.version


def _told(changed: Changed, *, would: bool) -> Iterator[str]:
    verb = "Would change" if would else "Changed"
    if not changed.pages and not changed.rows:
        yield "Nothing here holds this person."
    else:
        yield f"{verb} {changed.pages:,} landed pages and these rows:"
        yield from (f"  {name.removeprefix('main.')}: {rows:,}" for name, rows in sorted(changed.rows.items()))
    if would:
        yield "Nothing was changed. Without --dry-run they are forgotten, and stay so when the API shows them again."
    else:
        yield "They are remembered as a digest only, so that later loads keep them out."
        yield "Copies elsewhere are not known here: backups, self-contained files, files that readers have open."
