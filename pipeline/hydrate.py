"""Fetches what the embedded payloads left out: runs of logs, node runs, flows, models, price rules.

What did not arrive is listed for the window from its own endpoint, then read one by one for the leftovers; each flow
and model at most once per load. A relation that is refused or not found is a finding, never the end of the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

from pipeline import endpoints, landing, ledger
from pipeline.errors import BrokenBody, CursorExpired, CursorLoop, RequestRefused, SourceError
from pipeline.facts import RunFacts
from pipeline.job import Job
from pipeline.listing import RESTARTS, read
from pipeline.paging import read_pages
from pipeline.receipt import Receipt
from pipeline.values import Finding, Request, Window

NOT_FOUND = frozenset({404})
FEW = 4
# Their node runs about fill a page: of fewer of them, asking one by one takes fewer requests than a listing of all.
RUNS_A_PAGE = 50
OPEN_SPAN = timedelta(days=1)


async def hydrate(job: Job, receipt: Receipt, runs: Iterable[str]) -> list[Finding]:
    """Complete a receipt before it is committed; what stays missing comes back as findings. runs: those to ask for."""
    findings = await runs_by_id(job, receipt, runs)
    findings += await node_runs(job, receipt)
    async with job.dimensions_lock:
        findings += await dimension(job, receipt, "flows", receipt.seen.flow_ids, receipt.seen.flows_arrived)
        findings += await dimension(job, receipt, "models", receipt.seen.model_ids, receipt.seen.models_arrived)
        findings += await pricing(job, receipt)
    return findings


async def runs_by_id(job: Job, receipt: Receipt, ids: Iterable[str]) -> list[Finding]:
    """Read single runs; a 404 is taken in as a tombstone."""
    return await read_each(job, receipt, [endpoints.run(run_id) for run_id in sorted(ids)])


async def node_runs(job: Job, receipt: Receipt) -> list[Finding]:
    """Node runs of every run of the receipt that may have some and whose list did not arrive."""
    wanted = {run: facts for run, facts in receipt.seen.runs.items() if _may_have_node_runs(facts)}
    # A run in quarantine cannot say whether it has node runs; they load without it.
    rejected = receipt.seen.runs_of_unknown_nodes - receipt.seen.runs.keys()
    if not wanted:
        return await read_each(job, receipt, [endpoints.node_runs(run) for run in sorted(rejected)], paged=True)
    stored = await job.with_db(ledger.runs_with_all_node_runs, list(wanted))
    wanted = {run: facts for run, facts in wanted.items() if not (facts.terminal and run in stored)}
    if len(wanted) > max(FEW, len(receipt.seen.runs) // RUNS_A_PAGE):
        wanted = await _node_runs_listed(job, receipt, wanted)
    left = sorted(wanted.keys() | rejected)
    return await read_each(job, receipt, [endpoints.node_runs(run) for run in left], paged=True)


def _may_have_node_runs(facts: RunFacts) -> bool:
    return not facts.node_runs_arrived and (
        facts.has_node_runs is True
        or bool(facts.nodes_completed)
        or (facts.has_node_runs is None and facts.flow_id is not None)
    )


async def _node_runs_listed(job: Job, receipt: Receipt, wanted: dict[str, RunFacts]) -> dict[str, RunFacts]:
    """List the node runs of all parents over the span of these runs; return the runs that are not surely whole.

    A listing that may not be read, or cannot, is only a quicker way that is closed.
    """
    window = receipt.window
    if window is None:
        return wanted
    created = {run: f.created_at for run, f in wanted.items() if f.created_at and window.holds(f.created_at)}
    if len(created) <= FEW:
        return wanted
    ends = [wanted[run].completed_at or job.now for run in created]
    span = Window(min(created.values()), min(max(ends), window.end + OPEN_SPAN) + timedelta(microseconds=1))
    try:
        await job.survey(("node_runs",))
        if job.listings["node_runs"].grammar is None:
            return wanted
        async for _ in read(job.source, job.listings["node_runs"], span, receipt.take):
            pass
    except (RequestRefused, BrokenBody, CursorExpired, CursorLoop):
        return wanted
    return {run: facts for run, facts in wanted.items() if not _whole(facts, receipt, span)}


def _whole(facts: RunFacts, receipt: Receipt, span: Window) -> bool:
    ended = facts.completed_at
    if facts.created_at is None or ended is None or not (span.start <= facts.created_at and ended < span.end):
        return False
    return receipt.seen.node_run_count(facts.id) >= max(1, facts.nodes_completed or 0)


async def dimension(job: Job, receipt: Receipt, kind: str, wanted: set[str], arrived: set[str]) -> list[Finding]:
    """Flows or models that runs refer to and that no commit of this load has brought.

    arrived: what this receipt has; it grows while pages are taken in.
    """
    missing = wanted - job.arrived[kind] - arrived
    if not missing:
        return []
    findings = await list_dimension(job, receipt, kind)
    one = endpoints.flow if kind == "flows" else endpoints.model
    left = missing - arrived
    receipt.asked[kind] |= left
    return findings + await read_each(job, receipt, [one(row) for row in sorted(left)])


async def list_dimension(job: Job, receipt: Receipt, kind: str) -> list[Finding]:
    """Take in the whole listing of flows or models: asked once per load, later receipts reread the landed pages."""
    if kind in job.dimension_pages:
        for landed in job.dimension_pages[kind]:
            receipt.take_landed(landed, landing.read_body(job.settings.raw, landed))
    else:
        first = len(receipt.pages)
        request = endpoints.flows() if kind == "flows" else endpoints.models()
        findings = await _all_pages(job, receipt, request)
        if findings:
            return findings
        job.dimension_pages[kind] = [page for page in receipt.pages[first:] if page.request.kind == kind]
    return []


async def pricing(job: Job, receipt: Receipt) -> list[Finding]:
    """Price rules of the models that arrived without their list."""
    complete = set(receipt.seen.complete_pricing)
    missing = receipt.seen.models_arrived - complete - job.arrived["pricing"] - receipt.asked["pricing"]
    receipt.asked["pricing"] |= missing
    return await read_each(job, receipt, [endpoints.pricing(model) for model in sorted(missing)], paged=True)


async def read_each(
    job: Job,
    receipt: Receipt,
    requests: Sequence[Request],
    *,
    paged: bool = False,
    tolerated: frozenset[int] = frozenset(),
) -> list[Finding]:
    """Take in each response, or each listing to its end; what is not given comes back as findings.

    tolerated: statuses that are no finding.
    """
    read_one = _all_pages if paged else _one
    reads = [asyncio.create_task(read_one(job, receipt, request, tolerated)) for request in requests]
    try:
        return [finding for found in await asyncio.gather(*reads) for finding in found]
    finally:
        # Where one fails the others would go on asking for a window that is lost.
        for unfinished in reads:
            unfinished.cancel()
        await asyncio.gather(*reads, return_exceptions=True)


async def _one(job: Job, receipt: Receipt, request: Request, tolerated: frozenset[int]) -> list[Finding]:
    # That a run is not there is stored with the run; nothing else has a place for it.
    accept = NOT_FOUND if request.kind == "run" else frozenset[int]()
    try:
        await job.source.get(request, receipt.take, accept=accept)
    except (RequestRefused, BrokenBody) as refusal:
        return _not_given(refusal, tolerated)
    return []


async def _all_pages(
    job: Job, receipt: Receipt, request: Request, tolerated: frozenset[int] = frozenset()
) -> list[Finding]:
    for attempt in range(RESTARTS + 1):
        try:
            async for _ in read_pages(job.source, request, receipt.take, lambda page: page.next):
                pass
            break
        except (RequestRefused, BrokenBody) as refusal:
            return _not_given(refusal, tolerated)
        except (CursorLoop, CursorExpired) as lost:
            if attempt == RESTARTS:
                return [Finding("relation_not_given", "warn", str(lost))]
    return []


def _not_given(refusal: SourceError, tolerated: frozenset[int]) -> list[Finding]:
    if isinstance(refusal, RequestRefused) and refusal.status in tolerated:
        return []
    told = f"{refusal} What it holds stays as it is; ask for the key's scopes if it should be readable."
    return [Finding("relation_not_given", "warn", told)]
