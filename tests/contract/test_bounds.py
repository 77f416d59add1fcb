"""P9: what a load holds does not grow with its range, and what it cannot number it refuses."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading

import pytest

from pipeline import ingest
from pipeline.errors import LoadError, PageLimit
from pipeline.finish import finish
from pipeline.job import Job, open_job
from pipeline.receipt import Receipt
from pipeline.sandbox import serve
from pipeline.values import PAGE_BITS
from tests.product import NOW, SMALL, START, settings_for


def held_receipts():
    gc.collect()
    return sum(isinstance(each, Receipt) for each in gc.get_objects())


@pytest.mark.parametrize("fails", [False, True])
def test_p9_windows_that_are_done_leave_nothing_in_memory_whether_they_failed_or_not(tmp_path, fails):
    plan = ingest.plan_backfill(START, NOW, (NOW - START) / 20, newest_first=False)
    held = []

    async def upsert(job, window, parts, watermark):
        held.append(held_receipts())
        if fails:
            raise LoadError("every window fails")
        await ingest.upsert_window(job, window, parts, watermark)

    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path, concurrency=1)
        steps = (ingest.extract_window, upsert, finish)
        asyncio.run(ingest.backfill(settings, plan, resume=False, now=NOW, report=lambda _: None, steps=steps))
    assert len(held) == len(plan) == 20
    # One in hand, one that waits for it, one that is being fetched.
    assert max(held) <= 3


def test_a_load_that_has_numbered_all_its_pages_says_so(tmp_path):
    async def page_after(number):
        async with open_job(settings_for(box, tmp_path), "backfill", {}, NOW) as job:
            job._pages = itertools.count(number)
            return job.receipt(None).next_page()

    with serve(SMALL) as box:
        assert asyncio.run(page_after((1 << PAGE_BITS) - 1)) == (1 << PAGE_BITS) - 1
        with pytest.raises(PageLimit, match="--resume"):
            asyncio.run(page_after(1 << PAGE_BITS))


def test_who_is_asked_to_end_lets_the_commit_in_hand_end_first(tmp_path):
    begun, ended, go_on = threading.Event(), threading.Event(), threading.Event()

    def commit(con):
        begun.set()
        go_on.wait()
        con.execute("SELECT 1 AS one").fetchall()
        ended.set()

    async def interrupted(job: Job):
        working = asyncio.create_task(job.with_db(commit))
        await asyncio.to_thread(begun.wait)
        working.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await working
        return ended.is_set()

    async def night():
        async with open_job(settings_for(box, tmp_path), "nightly", {}, NOW) as job:
            return await interrupted(job)

    with serve(SMALL) as box:
        assert asyncio.run(night())
