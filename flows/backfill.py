"""The backfill as a Prefect flow, for those who start it from Prefect's pages or want to watch it there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from flows.environment import prepare

prepare()

from prefect import State, flow
from prefect.states import Failed

from flows.nightly import Call, current_call, in_utc, outcome_of, told
from flows.tasks import STEPS
from pipeline import ingest
from pipeline.errors import FlowledgerError
from pipeline.settings import Settings, from_environment
from pipeline.values import Outcome, Step


@flow(name="backfill", persist_result=False)
async def backfill(
    start: datetime, end: datetime, window_hours: float = 24, newest_first: bool = False, resume: bool = True
) -> int | State[int]:
    """Load [start, end) in windows; returns the exit code, or a Failed state that says what failed."""
    call = current_call.get() or Call(from_environment())
    call.begun = True
    try:
        plan = ingest.plan_backfill(
            in_utc(start), in_utc(end), timedelta(hours=window_hours), newest_first=newest_first
        )
        call.outcome = await ingest.backfill(
            call.settings,
            plan,
            resume=resume,
            now=call.now,
            report=call.report,
            accept_source=call.accept_source,
            steps=STEPS,
        )
    except FlowledgerError as error:
        call.error = error
        return Failed(message=str(error))
    return await told(call.outcome)


def run_backfill_flow(  # noqa: PLR0913  a command's options are its arguments
    settings: Settings,
    start: datetime,
    end: datetime,
    *,
    width: timedelta,
    newest_first: bool,
    resume: bool,
    now: datetime,
    report: Callable[[Step], None],
    accept_source: bool = False,
) -> Outcome:
    """Run the flow here and return the outcome of our ledger."""
    call = Call(settings, report, accept_source, now)
    hours = width / timedelta(hours=1)
    return outcome_of(
        call, lambda: asyncio.run(backfill(start, end, window_hours=hours, newest_first=newest_first, resume=resume))
    )
