"""The nightly as a Prefect flow. Prefect schedules, shows and alerts; our own ledger says what is true."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flows.environment import prepare

prepare()

from prefect import State, flow
from prefect.artifacts import acreate_table_artifact
from prefect.exceptions import TerminationSignal
from prefect.states import Failed

from flows.tasks import STEPS
from pipeline import ingest
from pipeline.errors import FlowledgerError
from pipeline.finish import FAILED
from pipeline.settings import Settings, from_environment
from pipeline.values import Outcome, Step


@dataclass
class Call:
    """What a caller in this process hands over without passing it through Prefect."""

    settings: Settings
    report: Callable[[Step], None] = lambda _: None
    accept_source: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    begun: bool = False
    outcome: Outcome | None = None
    error: FlowledgerError | None = None


current_call: ContextVar[Call | None] = ContextVar("call", default=None)


@flow(name="nightly", persist_result=False)
async def nightly(until: datetime | None = None) -> int | State[int]:
    """Load everything from the watermark to `until` (default: now less the lag); returns the exit code.

    What fails is a Failed state that says what: Prefect would log a raised error's traceback.
    """
    call = current_call.get() or Call(from_environment())
    call.begun = True
    logging.getLogger("pipeline").setLevel(logging.INFO)
    try:
        call.outcome = await ingest.nightly(
            call.settings,
            until=in_utc(until) if until else None,
            now=call.now,
            report=call.report,
            accept_source=call.accept_source,
            steps=STEPS,
        )
    except FlowledgerError as error:
        call.error = error
        return Failed(message=str(error))
    return await told(call.outcome)


async def told(outcome: Outcome) -> int | State[int]:
    """Show in Prefect what a load did; the exit code, or Failed with the windows that failed."""
    await acreate_table_artifact(key="load-summary", table=summary(outcome), description="What was loaded")
    if outcome.exit_code == FAILED:
        return Failed(message="; ".join(f"{window}: {why}" for window, why in outcome.failed))
    return outcome.exit_code


def in_utc(moment: datetime) -> datetime:
    """The moment; one without an offset, as Prefect's pages may send it, is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
    why = ""
    try:
        run()
    except TerminationSignal:
        # Prefect took SIGTERM for itself and is done with it; the command has its own way to end, and exit code.
        signal.raise_signal(signal.SIGTERM)
        raise
    except Exception as error:
        if call.begun and call.outcome is None and call.error is None:
            raise
        why = f": {error}"
    finally:
        current_call.reset(token)
    if call.outcome is not None:
        return call.outcome
    if call.error is not None:
        raise call.error
    raise FlowledgerError(f"Prefect ended the run before it began{why}. Try again, or use --no-prefect.")
