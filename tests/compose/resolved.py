"""docker-compose.yml as the real Compose binary understands it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import compose

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
# The console script of the package exits 0 whatever happens; the binary does not.
BINARY = Path(compose.__file__).parent / "docker-compose"


def config(file: Path = FILE, *options: str) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = [str(BINARY), "--project-directory", str(ROOT), "-f", str(file), "config", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=bare, timeout=60)


def services() -> dict[str, Any]:
    return json.loads(config(FILE, "--format", "json").stdout)["services"]


def command(service: dict[str, Any]) -> list[str]:
    """The words that the container starts; `config` writes a dollar as two."""
    return [word.replace("$$", "$") for word in service["command"]]


def environment(service: dict[str, Any]) -> dict[str, str]:
    """What the service sets; a variable that is only handed through is left out."""
    return {name: value for name, value in service["environment"].items() if value is not None}
