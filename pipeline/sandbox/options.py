"""`flowledger sandbox`: every switch as an option, made of the fields, and a server until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import Field, fields
from threading import Event
from typing import Any

from pipeline.sandbox.config import Config, ListingSwitches, ServerSwitches
from pipeline.sandbox.server import serve
from pipeline.sandbox.switches import (
    ClockSwitches,
    ContentSwitches,
    RelationSwitches,
    SpellingSwitches,
    WorldSwitches,
)

GROUPS: dict[str, type[Any]] = {
    "which rows exist": WorldSwitches,
    "the clock": ClockSwitches,
    "what the objects say": ContentSwitches,
    "relations": RelationSwitches,
    "spelling": SpellingSwitches,
    "lists": ListingSwitches,
    "the server and its faults": ServerSwitches,
}
ABOUT = "Serves a simulated Runflow API on 127.0.0.1, with data by seed and every known fault as a switch."


def run(argv: list[str]) -> int:
    """Serves until Ctrl-C or SIGTERM. Returns the exit code: 0 when it was told to stop, 2 when it cannot start."""
    given = vars(parser().parse_args(argv))
    port: int = given.pop("port")
    try:
        config = Config(**given)
        return _serve(config, port)
    except (ValueError, OSError) as wrong:
        sys.stderr.write(f"sandbox: {wrong}\n")
        return 2


def parser() -> argparse.ArgumentParser:
    """The options, in a group for each class of switches. A switch that is not given keeps its default."""
    usage = "%(prog)s [--port PORT] [--seed SEED] [--days DAYS] [--SWITCH VALUE ...]"
    made = argparse.ArgumentParser(prog="flowledger sandbox", usage=usage, description=ABOUT, allow_abbrev=False)
    made.add_argument("--port", type=int, default=8787, help="Port on 127.0.0.1; 0 is any free one. [8787]")
    for title, switches in GROUPS.items():
        group = made.add_argument_group(title)
        for each in fields(switches):
            option = "--" + each.name.replace("_", "-")
            group.add_argument(option, default=argparse.SUPPRESS, help=_help(each), **_kind(each))
    return made


def _help(each: Field[Any]) -> str:
    held = each.default
    shown = ",".join(held) if isinstance(held, tuple) else held
    text = f"{each.metadata['doc']} [{'none' if shown in {None, ''} else shown}]"
    return text.replace("%", "%%")


def _kind(each: Field[Any]) -> dict[str, Any]:
    """How argparse reads a switch: by the type of its default, unless the field brings a reader of its own."""
    held, choices = each.default, each.metadata["choices"]
    if isinstance(held, bool):
        return {"action": argparse.BooleanOptionalAction}
    read: Callable[[str], Any] = each.metadata["parse"] or (_words if isinstance(held, tuple) else type(held))
    read_as = {"type": read, "metavar": each.name.upper()}
    return {"type": read, "choices": choices} if choices and read is not _words else read_as


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _serve(config: Config, port: int) -> int:
    told = Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serve(config, port) as box:
            sys.stdout.write(
                f"The sandbox listens on {box.url}; Ctrl-C ends it. In another shell:\n\n"
                f"  export RUNFLOW_API_URL={box.url}\n"
                f"  export RUNFLOW_API_KEY={config.api_key or 'rf_live_any'}\n"
            )
            sys.stdout.flush()
            while not told.wait(3600):
                continue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
