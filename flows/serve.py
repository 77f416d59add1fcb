"""Serves the nightly and the backfill: one process that schedules and runs them."""

from __future__ import annotations

from flows.environment import prepare

prepare()

from prefect import serve  # noqa: E402  Prefect reads its environment when it is imported
from prefect.deployments.runner import EntrypointType  # noqa: E402
from prefect.schedules import Cron  # noqa: E402

from flows.backfill import backfill  # noqa: E402
from flows.nightly import nightly  # noqa: E402


def serve_flows(cron: str, timezone: str) -> None:
    """Serve until SIGINT, which lets the run in hand end; the lease keeps writers apart."""
    serve(
        nightly.to_deployment(
            "nightly", schedule=Cron(cron, timezone=timezone), entrypoint_type=EntrypointType.MODULE_PATH
        ),
        backfill.to_deployment("backfill", entrypoint_type=EntrypointType.MODULE_PATH),
        pause_on_shutdown=False,
        limit=2,
    )
