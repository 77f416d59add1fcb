"""Ends a command: publish, close the load in the ledger, compute the exit code from it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from pipeline import loads, publish, status
from pipeline.job import Job
from pipeline.values import Outcome

DONE, FAILED, FINDINGS = 0, 1, 3


async def finish(job: Job) -> Outcome:
    """Publish when every window was committed; a failed window leaves readers with what they have."""
    tally, settings = job.tally, job.settings
    published = None
    if not tally.failed:
        manifest = await job.with_db(publish.publish, settings.home, job.now, reader_root=settings.reader_root)
        published = manifest.version
    code = FAILED if tally.failed else FINDINGS if tally.findings else DONE
    outcome = Outcome(
        command=job.command,
        load_id=job.load.load_id,
        exit_code=code,
        windows=tally.windows,
        failed=tuple(tally.failed),
        merged=tally.merged,
        findings=tuple(tally.findings),
        rejected=tally.rejected,
        requests=job.source.requests,
        retries=job.source.retries,
        wire_bytes=job.source.wire_bytes,
        seconds=time.monotonic() - job.started,
        published=published,
    )
    await job.with_db(loads.finish_load, job.load, outcome, datetime.now(UTC))
    await job.with_db(status.write_status, settings.home, datetime.now(UTC))
    return outcome
