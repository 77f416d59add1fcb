"""Serves the nightly and the backfill: one process that schedules and runs them."""

from __future__ import annotations

import asyncio

from flows.environment import prepare

prepare()

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.backfill import backfill
from flows.nightly import nightly


def serve_flows(cron: str, timezone: str) -> None:
    """Serve until SIGINT, which lets the run in hand end; the lease keeps writers apart."""
    serve(*asyncio.run(_deployments(cron, timezone)), pause_on_shutdown=False, limit=2)


async def _deployments(cron: str, timezone: str) -> list[RunnerDeployment]:
    by_module = EntrypointType.MODULE_PATH
    return [
        await nightly.ato_deployment("nightly", schedule=Cron(cron, timezone=timezone), entrypoint_type=by_module),
        await backfill.ato_deployment("backfill", entrypoint_type=by_module),
    ]
