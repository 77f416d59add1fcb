"""Runs parts of the benchmark and keeps their samples; `python -m bench.report` makes tables of them.

python -m bench.run --part short [--part arrow ...] [--times 3]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.dataset import HOME
from bench.flowledger import WrongResult
from bench.parts import PARTS

RESULTS = HOME.parent / "results"
TOLD_VERSIONS = ("duckdb", "pyarrow", "msgspec", "httpx", "zstandard", "deflate")


def machine() -> dict[str, Any]:
    """Where this runs, and how busy it was."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "")
    return {
        "cpu": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(terse=True),
        "load": round(os.getloadavg()[0], 1),
    }


def run(part: str, times: int) -> None:
    """One part. Its cases are kept as they end, so that what was measured survives a failure."""
    told: dict[str, Any] = {
        "part": part,
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "command": f"python -m bench.run {shlex.join(sys.argv[1:])}",
        "machine": machine(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in TOLD_VERSIONS},
        "cases": [],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    for case in PARTS[part](times):
        told["cases"].append(case)
        told["machine"]["load_after"] = round(os.getloadavg()[0], 1)
        (RESULTS / f"{part}.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def main() -> int:
    """The parts that are named; a wrong result ends it with 1, and is no row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=tuple(PARTS), required=True)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    try:
        for part in given.part:
            run(part, given.times)
    except WrongResult as wrong:
        sys.stderr.write(f"bench: {wrong}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
