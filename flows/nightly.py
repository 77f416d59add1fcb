"""The nightly as a Prefect flow. Prefect schedules, shows and alerts; our own ledger says what is true."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flows.environment import prepare

prepare()

from prefect import flow  # noqa: E402  Prefect reads its environment when it is imported
from prefect.artifacts import create_table_artifact  # noqa: E402

from flows.tasks import STEPS  # noqa: E402
from pipeline import ingest  # noqa: E402
from pipeline.errors import FlowledgerError  # noqa: E402
from pipeline.settings import Settings, from_environment  # noqa: E402
from pipeline.values import Outcome, Step  # noqa: E402


@dataclass
class Call:
    """What a caller in this process hands over without passing it through Prefect."""

    settings: Settings
    report: Callable[[Step], None] = lambda _: None
    accept_source: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    outcome: Outcome | None = None
    error: FlowledgerError | None = None


current_call: ContextVar[Call | None] = ContextVar("call", default=None)


class NightFailed(Exception):
    """Tells Prefect that the night failed; what failed is in the ledger."""


@flow(name="nightly", persist_result=False)
async def nightly(until: datetime | None = None) -> int:
    """Load everything from the watermark to `until` (default: now less the lag); returns the exit code."""
    call = current_call.get() or Call(from_environment())
    logging.getLogger("pipeline").setLevel(logging.INFO)
    try:
        call.outcome = await ingest.nightly(
            call.settings,
            until=until,
            now=call.now,
            report=call.report,
            accept_source=call.accept_source,
            steps=STEPS,
        )
    except FlowledgerError as error:
        call.error = error
        raise NightFailed(str(error)) from None
    await create_table_artifact(key="load-summary", table=summary(call.outcome), description="What the night loaded")
    if call.outcome.exit_code == 1:
        raise NightFailed("; ".join(f"{window}: {why}" for window, why in call.outcome.failed))
    return call.outcome.exit_code


def summary(outcome: Outcome) -> list[dict[str, str | int]]:
    """One row per table: what the load did to it."""
    return [
        {"table": name, "inserted": m.inserted, "updated": m.updated, "removed": m.removed, "unchanged": m.unchanged}
        for name, m in outcome.merged.items()
    ]


def run_nightly_flow(
    settings: Settings,
    *,
    until: datetime | None,
    now: datetime,
    report: Callable[[Step], None],
    accept_source: bool = False,
) -> Outcome:
    """Run the flow here and return the outcome of our ledger, whatever Prefect says of the run."""
    call = Call(settings, report, accept_source, now)
    return outcome_of(call, lambda: asyncio.run(nightly(until=until)))


def outcome_of(call: Call, run: Callable[[], object]) -> Outcome:
    """Run a flow for this call; what our ledger says of it counts, whatever Prefect says of the run."""
    token = current_call.set(call)
    try:
        run()
    except Exception:
        if call.error is not None:
            raise call.error from None
        if call.outcome is None:
            raise
    finally:
        current_call.reset(token)
    if call.outcome is None:
        raise FlowledgerError("Prefect ended the run before it began. Try again, or use --no-prefect.")
    return call.outcome
