"""The three tasks: extract and upsert per window, publish once.

Only a window's name and a handle cross into Prefect; jobs, pages and tables stay in this process. Tasks are neither
cached nor retried: the warehouse's ledger decides what is done, and fetch has retried what time heals.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed

from pipeline.errors import FlowledgerError
from pipeline.finish import finish
from pipeline.ingest import Parts, extract_window, upsert_window
from pipeline.job import Job
from pipeline.values import Outcome, Window


@dataclass
class Held:
    """Work that waits for its task, and what became of it."""

    work: Callable[[], Awaitable[Any]]
    result: Any = None
    error: FlowledgerError | None = None


_held: dict[int, Held] = {}
_numbers = itertools.count()


@task(name="extract", task_run_name="extract {window}", cache_policy=NO_CACHE, persist_result=False)
async def extract(handle: int, window: str) -> State[None] | None:  # noqa: ARG001  Prefect names the task run after it
    """Fetch, land, decode and flatten one window."""
    return await _perform(handle)


@task(name="upsert", task_run_name="upsert {window}", cache_policy=NO_CACHE, persist_result=False)
async def upsert(handle: int, window: str) -> State[None] | None:  # noqa: ARG001  likewise
    """Merge, check and commit one window with its ledger row."""
    return await _perform(handle)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
async def publish(handle: int) -> State[None] | None:
    """Give readers the new version."""
    return await _perform(handle)


async def _perform(handle: int) -> State[None] | None:
    """Do the work. A foreseen error becomes a Failed state with its text: raised, Prefect would log its traceback."""
    held = _held[handle]
    try:
        held.result = await held.work()
    except FlowledgerError as error:
        held.error = error
        return Failed(message=str(error))
    return None


async def _through(step: Callable[..., Awaitable[object]], work: Callable[[], Awaitable[Any]], *names: str) -> Any:
    """Let Prefect run the work as this task; its result or its own error, as if Prefect were not there."""
    handle = next(_numbers)
    held = _held[handle] = Held(work)
    try:
        await step(handle, *names)
    except Exception:
        if held.error is None:
            raise
    finally:
        del _held[handle]
    if held.error is not None:
        raise held.error
    return held.result


async def extract_step(job: Job, window: Window, parts: Parts) -> None:
    """`ingest`'s extract step, shown by Prefect."""
    await _through(extract, partial(extract_window, job, window, parts), window.key)


async def upsert_step(job: Job, window: Window, parts: Parts, watermark: datetime | None) -> None:
    """`ingest`'s upsert step, shown by Prefect."""
    await _through(upsert, partial(upsert_window, job, window, parts, watermark), window.key)


async def finish_step(job: Job) -> Outcome:
    """`ingest`'s finish step, shown by Prefect."""
    outcome: Outcome = await _through(publish, partial(finish, job))
    return outcome


STEPS = (extract_step, upsert_step, finish_step)
