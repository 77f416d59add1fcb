"""Every command of docker-compose.yml runs, on SQLite and on PostgreSQL, and a scheduled run appears."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compose.natively import free_port, healthy, postgres, postgres_tools, started, until
from tests.compose.resolved import ROOT, services

pytestmark = pytest.mark.compat

DATABASE = "PREFECT_SERVER_DATABASE_"


def ask(api: str, path: str) -> list[dict[str, Any]]:
    question = urllib.request.Request(f"{api}/{path}", data=b"{}", headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(question, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The file's Prefect server, healthy; gives the address of its API."""
    home, port, service = tmp_path_factory.mktemp("server") / "home", free_port(), services()["prefect-server"]
    password = home.with_name("password")
    password.write_text("a-made-up-password", encoding="utf-8")
    here = {
        "DB_PASSWORD_FILE": str(password),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api",
    }

    def serve(overrides: dict[str, str], without: tuple[str, ...] = ()) -> Iterator[str]:
        with started(service, home, here | overrides, without) as process:
            until(lambda: healthy(service, 4200, port), "the server is healthy", process)
            yield f"http://127.0.0.1:{port}/api"

    if request.param == "sqlite":
        yield from serve({}, without=(DATABASE,))
        return
    tools = postgres_tools()
    if tools is None:
        pytest.skip("no PostgreSQL on this machine")
    with postgres(tools, password.read_text(encoding="utf-8")) as database_port:
        yield from serve({f"{DATABASE}HOST": "127.0.0.1", f"{DATABASE}PORT": str(database_port)})


@pytest.mark.timeout(400)
@pytest.mark.skipif(not (ROOT / "flows" / "serve.py").exists(), reason="flowledger serve is not there yet")
def test_the_runner_registers_its_schedule_and_a_scheduled_run_appears(api: str, tmp_path: Path):
    port, service = free_port(), services()["runner"]
    key = tmp_path / "key"
    key.write_text("rf_live_made_up", encoding="utf-8")
    here = {
        "PREFECT_API_URL": api,
        "PREFECT_RUNNER_SERVER_PORT": str(port),
        "RUNFLOW_API_KEY_FILE": str(key),
        "RUNFLOW_API_URL": "http://127.0.0.1:1",
        "FLOWLEDGER_HOME": str(tmp_path / "data"),
    }
    with started(service, tmp_path / "home", here) as process:
        until(lambda: bool(ask(api, "deployments/filter")), "the deployment is registered", process)
        until(lambda: healthy(service, 8080, port), "the runner is healthy", process)

        def scheduled() -> bool:
            return any(run["state_type"] == "SCHEDULED" for run in ask(api, "flow_runs/filter"))

        # The one test that notices a scheduler which is silently dead.
        until(scheduled, "a scheduled run appears", process)
        schedules = [schedule for each in ask(api, "deployments/filter") for schedule in each["schedules"]]
    assert [schedule["active"] for schedule in schedules if "cron" in schedule["schedule"]]
    assert process.returncode is not None
    assert process.returncode >= 0, "a stop by SIGINT is an orderly end"
    paused = [each["paused"] for each in ask(api, "deployments/filter")]
    assert paused == [False, False], "a stop must not pause the schedule"


def test_the_server_answers_its_own_health_check(api: str):
    with urllib.request.urlopen(f"{api}/health", timeout=10) as answer:
        assert json.load(answer) is True
