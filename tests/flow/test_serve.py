"""`flowledger serve` on a real Prefect server: it schedules runs, a run does its work, and a stop pauses nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.sandbox import serve
from tests.command import KEY, WORLD
from tests.compose.natively import free_port, surroundings, until

pytestmark = [pytest.mark.compat, pytest.mark.timeout(300)]
COMMANDS = Path(sys.executable).parent
CRON = "30 4 * * *"


@contextmanager
def process(command, log, environment):
    """A process of its own that SIGINT reaches; it is gone after the block."""
    with log.open("wb") as out:
        running = subprocess.Popen(
            [COMMANDS / command[0], *command[1:]],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            # What a shell starts in the background ignores SIGINT, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()


@pytest.fixture
def server(tmp_path):
    """Gives the environment of those who use a new Prefect server."""
    port = free_port()
    environment = surroundings(tmp_path / "prefect") | {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
    command = ("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
    with process(command, tmp_path / "server.log", environment) as running:
        until(lambda: answers(environment["PREFECT_API_URL"]), "Prefect's server answers", running)
        yield environment


def answers(api):
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def ask(environment, path, body=None):
    """What the server answers to a POST."""
    headers = {"Content-Type": "application/json"}
    question = urllib.request.Request(
        f"{environment['PREFECT_API_URL']}/{path}", json.dumps(body or {}).encode(), headers
    )
    with urllib.request.urlopen(question, timeout=10) as answer:
        return json.load(answer)


def deployments(environment):
    return {each["name"]: each for each in ask(environment, "deployments/filter")}


def runs_in(environment, state):
    return [run for run in ask(environment, "flow_runs/filter") if run["state_type"] == state]


def test_serve_schedules_the_nightly_runs_it_and_is_stopped_without_pausing_it(server, tmp_path):
    home = tmp_path / "home"
    with serve(WORLD) as box:
        environment = server | {
            "FLOWLEDGER_HOME": str(home),
            "FLOWLEDGER_START": f"{datetime.now(UTC).date()}",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "RUNFLOW_API_KEY": KEY,
            "RUNFLOW_API_URL": box.url,
        }
        command = ("flowledger", "serve", "--cron", CRON, "--timezone", "Europe/Berlin")
        with process(command, tmp_path / "serve.log", environment) as serving:
            until(lambda: {"nightly", "backfill"} <= deployments(server).keys(), "both are deployed", serving)
            # A scheduler that is silently dead shows nowhere else.
            until(lambda: runs_in(server, "SCHEDULED"), "a scheduled run appears", serving)
            nightly = deployments(server)["nightly"]
            ask(server, f"deployments/{nightly['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
            until(lambda: runs_in(server, "COMPLETED") or runs_in(server, "FAILED"), "a run has ended", serving)
            serving.send_signal(signal.SIGINT)
            assert serving.wait(60) == 0
    (schedule,) = nightly["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (CRON, "Europe/Berlin")
    assert runs_in(server, "FAILED") == []
    assert json.loads((home / "published" / "manifest.json").read_text(encoding="utf-8"))["complete"] is True
    after = deployments(server)
    assert [after[name]["paused"] for name in ("nightly", "backfill")] == [False, False]
    assert [each["active"] for each in after["nightly"]["schedules"]] == [True]
    assert KEY not in (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert KEY not in json.dumps([after, ask(server, "flow_runs/filter"), ask(server, "logs/filter")])
