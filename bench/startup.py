"""What a command costs that has next to nothing to do, by the CPU time of fresh processes: the least of several.

    .venv/bin/python -m bench.startup [TIMES]

The nightly reads a small world again, after the nights that loaded it: what it costs is the price of a night as such.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import measured
from pipeline.sandbox import Config, serve

PROGRAM = Path(sys.executable).with_name("flowledger")
NOW = datetime(2025, 11, 20, 12, tzinfo=UTC)
SMALL = Config(start=datetime(2025, 11, 1, tzinfo=UTC), now=NOW, runs_per_day=3, logs_per_run=3)
NIGHT = ("nightly", "--no-prefect", "--until", "2025-11-20T12:00:01Z")
COMMANDS = {"--help": (("--help",), 0.25), "status": (("status",), 0.5), "nightly, nothing new": (NIGHT, 1.0)}
TIMES = 7


def main(times: int) -> None:
    """Print a row for each command: CPU seconds, least and most, and the target."""
    with tempfile.TemporaryDirectory() as home, serve(SMALL) as box:
        given = {
            "RUNFLOW_API_URL": box.url,
            "RUNFLOW_API_KEY": SMALL.api_key,
            "FLOWLEDGER_HOME": home,
            "FLOWLEDGER_START": "2025-11-03",
            "FLOWLEDGER_RATE": "5000",
        }
        for _ in range(2):
            measured((PROGRAM, *NIGHT), given)
        print(f"{'command':22} {'least':>7} {'most':>7} {'target':>7}   CPU seconds, {times} times")
        for name, (arguments, target) in COMMANDS.items():
            costs = [measured((PROGRAM, *arguments), given) for _ in range(times)]
            if any(cost.code for cost in costs):
                raise SystemExit(f"{name}: {costs[-1].out}{costs[-1].err}")
            spent = sorted(cost.cpu for cost in costs)
            print(f"{name:22} {spent[0]:7.3f} {spent[-1]:7.3f} {target:7.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES)
