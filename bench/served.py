"""Servers of the benchmark, each in a process of its own while a block runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench.dataset import Dataset

ROOT = Path(__file__).parent.parent


@contextmanager
def served(data: Dataset, latency_ms: float = 0.0) -> Iterator[str]:
    """The URL under which the data is served."""
    command = [sys.executable, "-m", "bench.server", "--logs", str(data.logs), "--signing", data.signing]
    command += ["--log-ids", data.log_ids, "--coding", data.coding, "--seed", str(data.seed)]
    command += ["--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline().strip() if process.stdout else ""
        if not line:
            raise RuntimeError("the benchmark's server did not start")
        yield line
    finally:
        process.terminate()
        process.wait()


def asked_since(url: str) -> dict[str, int]:
    """requests, misses and wire_bytes since the last time of asking."""
    with urlopen(f"{url}/bench/stats") as answer:
        told: dict[str, int] = json.load(answer)
    return told
