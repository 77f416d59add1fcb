"""The commands of docker-compose.yml as plain processes: same words, same environment, other addresses."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.compose.resolved import ROOT, command, environment

VENV_BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(reached: Callable[[], bool], what: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Ask again until it is so; fail when the process has ended or time is up."""
    end = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, f"ended with {process.returncode} before: {what}"
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.3)


def surroundings(home: Path) -> dict[str, str]:
    """Nothing of the developer's own settings, and a home of its own for Prefect."""
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": f"{VENV_BIN}:{os.environ['PATH']}", "HOME": str(home), "PREFECT_HOME": str(home / "prefect")}


@contextmanager
def started(
    service: dict[str, Any], home: Path, overrides: Mapping[str, str], without: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """The service's process; it is stopped at the end as Compose would stop it."""
    from_file = {name: value for name, value in environment(service).items() if not name.startswith(without)}
    with (home.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(
            command(service),
            cwd=ROOT,
            env=surroundings(home) | from_file | dict(overrides),
            stdout=log,
            stderr=subprocess.STDOUT,
            # A process started in the background of a shell script ignores SIGINT; this one must not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            yield process
        finally:
            process.send_signal(signal.Signals[service.get("stop_signal", "SIGTERM")])
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def healthy(service: dict[str, Any], port_in_file: int, port: int) -> bool:
    """The service's own health check, asked at the port in use."""
    _, *words = service["healthcheck"]["test"]
    asked = [word.replace(f":{port_in_file}/", f":{port}/") for word in words]
    env = {"PATH": f"{VENV_BIN}:{os.environ['PATH']}"}
    return subprocess.run(asked, env=env, capture_output=True, check=False, timeout=30).returncode == 0


def postgres_tools() -> Path | None:
    """The folder of initdb and postgres, or None."""
    folders = [Path(found).parent for found in [shutil.which("initdb")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def unprivileged() -> str | None:
    """Who runs PostgreSQL: it refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres(tools: Path, password: str) -> Iterator[int]:
    """A PostgreSQL with the user and the database of the file; gives its port."""
    port, user = free_port(), unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="flowledger-postgres-"))
    try:
        secret = folder / "password"
        secret.write_text(password, encoding="utf-8")
        for path in (folder, secret):
            if user:
                shutil.chown(path, user)
        data = folder / "data"
        initdb = [tools / "initdb", "-D", data, "-U", "prefect", "-A", "scram-sha-256", f"--pwfile={secret}"]
        subprocess.run(initdb, user=user, check=True, capture_output=True, cwd=folder)
        single = [tools / "postgres", "--single", "-D", data, "postgres"]
        subprocess.run(single, user=user, check=True, capture_output=True, input=b"CREATE DATABASE prefect", cwd=folder)
        serve = [tools / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(serve, user=user, stdout=log, stderr=log, cwd=folder)
        try:
            until(lambda: b"ready to accept connections" in (folder / "log").read_bytes(), "PostgreSQL is up", process)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
