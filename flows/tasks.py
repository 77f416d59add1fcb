"""The three tasks: extract and upsert per window, publish once.

Only a window's name and a handle cross into Prefect; jobs, pages and tables stay in this process. Tasks are neither
cached nor retried: the warehouse's ledger decides what is done, and fetch has retried what time heals.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from pipeline.finish import finish
from pipeline.ingest import Parts, extract_window, upsert_window
from pipeline.job import Job
from pipeline.values import Outcome, Window

_held: dict[int, tuple[Any, ...]] = {}
_numbers = itertools.count()


@task(name="extract", task_run_name="extract {window}", cache_policy=NO_CACHE, persist_result=False)
async def extract(handle: int, window: str) -> None:
    """Fetch, land, decode and flatten one window."""
    await extract_window(*_held.pop(handle))


@task(name="upsert", task_run_name="upsert {window}", cache_policy=NO_CACHE, persist_result=False)
async def upsert(handle: int, window: str) -> None:
    """Merge, check and commit one window with its ledger row."""
    await upsert_window(*_held.pop(handle))


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
async def publish(handle: int) -> int:
    """Give readers the new version; returns the exit code."""
    job, outcomes = _held.pop(handle)
    outcomes.append(await finish(job))
    return int(outcomes[0].exit_code)


def _hold(*values: Any) -> int:
    handle = next(_numbers)
    _held[handle] = values
    return handle


async def extract_step(job: Job, window: Window, parts: Parts) -> None:
    """`ingest`'s extract step, shown by Prefect."""
    await extract(_hold(job, window, parts), window.key)


async def upsert_step(job: Job, window: Window, parts: Parts, watermark: datetime | None) -> None:
    """`ingest`'s upsert step, shown by Prefect."""
    await upsert(_hold(job, window, parts, watermark), window.key)


async def finish_step(job: Job) -> Outcome:
    """`ingest`'s finish step, shown by Prefect."""
    outcomes: list[Outcome] = []
    await publish(_hold(job, outcomes))
    return outcomes[0]


STEPS = (extract_step, upsert_step, finish_step)
