"""The backfill as a Prefect flow, for those who start it from Prefect's pages or want to watch it there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flows.environment import prepare

prepare()

from prefect import flow  # noqa: E402  Prefect reads its environment when it is imported
from prefect.artifacts import create_table_artifact  # noqa: E402

from flows.nightly import Call, NightFailed, current_call, outcome_of, summary  # noqa: E402
from flows.tasks import STEPS  # noqa: E402
from pipeline import ingest  # noqa: E402
from pipeline.errors import FlowledgerError  # noqa: E402
from pipeline.settings import Settings, from_environment  # noqa: E402
from pipeline.values import Outcome, Step  # noqa: E402


@flow(name="backfill", persist_result=False)
async def backfill(
    start: datetime, end: datetime, window_hours: float = 24, newest_first: bool = False, resume: bool = True
) -> int:
    """Load [start, end) in windows; returns the exit code."""
    call = current_call.get() or Call(from_environment())
    start, end = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (start, end))
    try:
        plan = ingest.plan_backfill(start, end, timedelta(hours=window_hours), newest_first=newest_first)
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
        raise NightFailed(str(error)) from None
    await create_table_artifact(key="load-summary", table=summary(call.outcome), description="What was loaded")
    if call.outcome.exit_code == 1:
        raise NightFailed("; ".join(f"{window}: {why}" for window, why in call.outcome.failed))
    return call.outcome.exit_code


def run_backfill_flow(
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
