"""Commits one part of a window: its landing record, the transaction, and what the command counts."""

from __future__ import annotations

from datetime import datetime

from pipeline import commit, landing
from pipeline.extract import Part
from pipeline.job import Job
from pipeline.values import Merged, Window


async def upsert(job: Job, window: Window | None, part: Part, watermark: datetime | None) -> None:
    """One commit. The record is pending before it and confirmed after it, so that replay knows what counts."""
    record = landing.WindowRecord(
        load_id=job.load.load_id,
        load_number=job.load.number,
        commit_number=job.next_commit(),
        command=job.command,
        window=window,
        logs_covered=part.batch.logs_covered,
        runs_covered=part.batch.runs_covered,
        privacy=job.settings.privacy,
        pages=part.batch.pages,
        plan=job.settings.plan,
        source=job.settings.api_url,
        organization=job.settings.organization_id,
        watermark=watermark,
    )
    pending = landing.write_record(job.settings.raw, record)
    done = await job.with_db(
        commit.commit_batch,
        job.load,
        window,
        part.batch,
        job.now,
        watermark=watermark,
        commit_number=record.commit_number,
    )
    landing.confirm_record(pending)
    for kind, ids in part.arrived.items():
        job.arrived[kind] |= ids
    tally = job.tally
    for name, merged in done.merged.items():
        tally.merged[name] = tally.merged.get(name, Merged()) + merged
    tally.findings += [*done.findings, *part.findings]
    tally.rejected += len(part.batch.rejects)
