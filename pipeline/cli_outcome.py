"""What commands share: settings that have a key, the clock, and an outcome shown before it becomes the exit code."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from pipeline.errors import UsageError
from pipeline.settings import Settings, from_environment

if TYPE_CHECKING:
    from pipeline.values import Outcome, Step

    Report = Callable[[Step], None]
    Result = Outcome | Coroutine[Any, Any, Outcome]


def now() -> datetime:
    """The moment a command begins; it is handed down, nobody below asks the clock for it again."""
    return datetime.now(UTC)


def settings_with_key() -> Settings:
    """The settings; UsageError when there is no key to ask the API with."""
    settings = from_environment()
    if not settings.api_key:
        raise UsageError(
            "There is no API key. Set RUNFLOW_API_KEY, or RUNFLOW_API_KEY_FILE to a file that holds it.\n"
            "To see Flowledger work without a key: flowledger demo"
        )
    return settings


def check_id(name: str, value: str) -> None:
    """UsageError unless the value is a UUID, as every id of the API is."""
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise UsageError(f"{name} is {value!r}: write an id such as 0199f3c2-7d1e-7000-8000-000000000000.")


def perform(
    title: str, settings: Settings, job: Callable[[Report], Result], told: Callable[[Outcome], str] = lambda _: ""
) -> None:
    """Run the job with progress on stderr, print what it did, and leave with its exit code.

    told: what stands before the summary.
    """
    import asyncio

    from pipeline.progress import shown, summary

    with shown(title) as report:
        result = job(report)
        outcome = asyncio.run(result) if asyncio.iscoroutine(result) else result
    typer.echo("\n".join(filter(None, (told(outcome), summary(outcome, settings.home)))))
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
