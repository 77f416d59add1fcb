"""Commits one part of a window: its landing record, the transaction, and what the command counts."""

from __future__ import annotations

from datetime import datetime

from pipeline import commit, landing
from pipeline.commit import Committed
from pipeline.extract import Part
from pipeline.forgotten import remember_runs
from pipeline.job import Job, Tally
from pipeline.outstanding import reject_id
from pipeline.values import Merged, Window


async def upsert(job: Job, window: Window | None, part: Part, watermark: datetime | None) -> Committed:
    """One commit. The record is pending before it and confirmed after it, so that replay knows what counts."""
    record = landing.WindowRecord(
        load_id=job.load.load_id,
        load_number=job.load.number,
        commit_number=job.next_commit(),
        command=job.command,
        window=window,
        logs_covered=part.batch.logs_covered,
        runs_covered=part.batch.runs_covered,
        privacy=job.policy.text,
        pages=part.batch.pages,
        plan=job.settings.plan,
        source=job.settings.api_url,
        organization=job.settings.organization_id,
        watermark=watermark,
    )
    if job.forgotten and job.forgotten.new:
        # Before their pages are committed: to remember too much does no harm.
        new = frozenset(job.forgotten.new)
        await job.with_db(remember_runs, job.load, new)
        job.forgotten.new -= new
    pending = landing.write_record(job.settings.raw, record)
    batch, said = job.repeats.without(part.batch)
    done = await job.with_db(
        commit.commit_batch,
        job.load,
        window,
        batch,
        job.now,
        watermark=watermark,
        commit_number=record.commit_number,
    )
    landing.confirm_record(pending)
    job.repeats.committed(said, done.merged, batch.rejects)
    for kind, ids in part.arrived.items():
        job.arrived[kind] |= ids
    _count(job.tally, part, done)
    return done


def _count(tally: Tally, part: Part, done: Committed) -> None:
    for name, merged in done.merged.items():
        tally.merged[name] = tally.merged.get(name, Merged()) + merged
    tally.findings += [*done.findings, *part.findings]
    tally.drift += done.drift
    tally.rejected |= {reject_id(reject) for reject in part.batch.rejects}
