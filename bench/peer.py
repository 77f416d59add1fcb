"""Peers: other tools in environments of their own, run the same way.

A peer is a folder `bench/peers/<name>/` with `requirements.txt` and `run.py URL API_KEY OUT_DB COUNT CODING`, which
loads everything into a DuckDB file, checks it, and prints one line of JSON: {"tables": {name: rows}}.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from bench.dataset import KEY, Dataset
from bench.flowledger import WrongResult
from bench.measure import Cost, measured

FOLDER = Path(__file__).parent / "peers"
VENVS = Path(__file__).parent / ".venvs"


def peers() -> list[str]:
    """The names of all peers."""
    return sorted(path.parent.name for path in FOLDER.glob("*/run.py"))


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which is made anew when its requirements have changed."""
    asked = FOLDER / name / "requirements.txt"
    digest = hashlib.sha256(asked.read_bytes()).hexdigest()
    venv = VENVS / name
    stamp = venv / ".installed"
    python = venv / "bin" / "python"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != digest:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "--no-deps", "-r", asked], check=True)
        stamp.write_text(digest, encoding="ascii")
    return python


def load(name: str, url: str, out: Path, data: Dataset) -> Cost:
    """Run a peer once; WrongResult when it fails or tells of another number of logs."""
    count = data.expected.rows["logs"]
    command: list[str | Path] = [python_of(name), FOLDER / name / "run.py", url, KEY, out, str(count), data.coding]
    cost = measured(command, cwd=out.parent)
    if cost.code != 0:
        raise WrongResult(f"{name} exited with {cost.code}:\n{cost.out[-2000:]}{cost.err[-4000:]}")
    try:
        tables = json.loads(cost.out.strip().splitlines()[-1])["tables"]
    except (IndexError, KeyError, ValueError):
        raise WrongResult(f"{name} did not tell what it wrote:\n{cost.out[-2000:]}") from None
    if tables.get("logs", count) != count:
        raise WrongResult(f"{name} wrote {tables['logs']} logs; there are {count}")
    return cost
