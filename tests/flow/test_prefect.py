"""The nightly and the backfill as Prefect flows: what Prefect then shows, and that our ledger has the last word."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest

from flows.environment import prepare
from pipeline.errors import FlowledgerError
from pipeline.sandbox import serve, truth
from pipeline.settings import Settings
from pipeline.values import Outcome
from tests.command import KEY, SIGNED, UNTIL, WORLD, environment, flowledger
from tests.product import NOW, START, differences, held, wanted

pytestmark = [
    pytest.mark.prefect,
    # Prefect leaves it to the garbage collector to close its connections.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]
PATIENCE_SECONDS = 60
NIGHTS = [f"{START + timedelta(days=n):%Y-%m-%d}T00:00Z" for n in range((NOW - START).days + 1)]
WINDOWS = [f"{a}..{b}" for a, b in zip(NIGHTS, [*NIGHTS[1:], UNTIL], strict=True)]


@pytest.fixture(scope="module")
def prefect(tmp_path_factory):
    """A Prefect server of these tests alone; gives its client, and its database file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        prepare()
        from prefect.client.orchestration import get_client
        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, get_current_settings, temporary_settings
        from prefect.testing.utilities import prefect_test_harness

        # Without the beat, for which each flow would wait a second.
        calm = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
        with prefect_test_harness(server_startup_timeout=120), calm, get_client(sync_client=True) as client:
            url = get_current_settings().server.database.connection_url.get_secret_value()
            yield client, Path(urlsplit(url).path)
    # What Prefect left open is told of here, and not within a test of something else.
    gc.collect()


@pytest.fixture(scope="module")
def night(prefect, tmp_path_factory):
    """One night through Prefect: its home, its sandbox's switches, and what it said."""
    home = tmp_path_factory.mktemp("night") / "home"
    with serve(WORLD) as box, environment(home, box):
        return home, box.config, flowledger("nightly", "--until", UNTIL)


def soon(ask):
    """The first answer that is not empty: Prefect's server learns of task runs a little later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()) and time.monotonic() < deadline:
        Event().wait(0.2)
    return found


def run_of(client, flow_name, state):
    """The newest run of this flow in this state."""
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName
    from prefect.client.schemas.sorting import FlowRunSort

    named = FlowFilter(name=FlowFilterName(any_=[flow_name]))
    newest = FlowRunSort.START_TIME_DESC
    runs = soon(lambda: [r for r in client.read_flow_runs(flow_filter=named, sort=newest) if r.state_name == state])
    return runs[0]


def task_names(client, flow_run, expected, state="Completed"):
    """How often each name stands among a run's tasks in this state, once there are as many as expected."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    mine = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))

    def ended():
        tasks = [task for task in client.read_task_runs(flow_run_filter=mine) if task.state_name == state]
        return tasks if len(tasks) >= expected else None

    return Counter(task.name for task in soon(ended) or [])


def artifacts_of(client, flow_run):
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    return client.read_artifacts(
        artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run.id]))
    )


def test_a_night_through_prefect_loads_what_a_night_without_it_loads(night):
    home, config, told = night
    assert told.code == 0, told.said
    assert differences(held(home), wanted(truth(config), config)) == []
    assert "Published: " in told.out


def test_prefect_shows_the_night_as_completed_with_a_task_for_each_step(prefect, night):
    client, _ = prefect
    run = run_of(client, "nightly", "Completed")
    names = task_names(client, run, 2 * len(WINDOWS) + 1)
    steps = [f"{step} {window}" for step in ("extract", "upsert") for window in WINDOWS]
    assert names == Counter([*steps, "publish"])


def test_the_night_leaves_a_table_of_what_it_loaded(prefect, night):
    client, _ = prefect
    config = night[1]
    (artifact,) = artifacts_of(client, run_of(client, "nightly", "Completed"))
    assert (artifact.key, artifact.type) == ("load-summary", "table")
    assert f'"table": "logs", "inserted": {len(truth(config).logs)}' in str(artifact.data)


def test_a_night_that_fails_is_failed_in_prefect_and_1_here(prefect, tmp_path):
    client, _ = prefect
    with serve(WORLD) as box, environment(tmp_path, box):
        box.configure(page_cap=7, cursor_repeats_after=1)
        told = flowledger("nightly", "--until", UNTIL)
    assert told.code == 1
    assert "Nothing new was published" in told.out
    run = run_of(client, "nightly", "Failed")
    assert "named before" in run.state.message
    assert f"upsert {WINDOWS[0]}" in task_names(client, run, 2 * len(WINDOWS), "Failed")


def test_a_night_with_findings_is_3_here_and_completed_in_prefect(prefect, tmp_path):
    client, _ = prefect
    before = run_of(client, "nightly", "Completed").id
    with serve(WORLD) as box, environment(tmp_path, box):
        box.configure(unknown_status=0.2, signing="url", signature="mixed", poison=("run:bad-cost",), poison_every=8)
        assert flowledger("nightly", "--until", UNTIL).code == 3
    assert run_of(client, "nightly", "Completed").id != before


def test_an_error_before_the_first_window_keeps_its_own_exit_code(prefect, night, tmp_path):
    client, _ = prefect
    with serve(WORLD) as other, environment(night[0], other):
        told = flowledger("nightly", "--until", UNTIL)
    assert told.code == 2
    assert "--accept-source" in told.err
    assert "--accept-source" in run_of(client, "nightly", "Failed").state.message


def test_backfill_runs_as_a_flow_where_it_is_asked_for(prefect, tmp_path):
    client, _ = prefect
    day = f"{START:%Y-%m-%d}"
    with serve(WORLD) as box, environment(tmp_path, box):
        told = flowledger("backfill", "--from", day, "--to", f"{day}T06:00Z", "--window", "90m", "--prefect")
        assert told.code == 0, told.said
    run = run_of(client, "backfill", "Completed")
    assert run.parameters["window_hours"] == 1.5
    assert sum(name.startswith("extract") for name in task_names(client, run, 9)) == 4
    assert len(artifacts_of(client, run)) == 1


def test_a_failed_night_in_its_own_process_shows_a_sentence_and_no_traceback(prefect, tmp_path):
    client, _ = prefect
    with serve(WORLD) as box, environment(tmp_path, box, PREFECT_API_URL=str(client.api_url)):
        box.configure(unauthorized_after=3)
        command = [sys.executable, "-c", "from pipeline.cli import main; main()", "nightly", "--until", UNTIL]
        ended = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False, timeout=120)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    assert "did not accept the key" in said
    assert "Traceback" not in said
    assert KEY not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_night_through_prefect_with_its_own_code(prefect, tmp_path, number, code):
    def interrupt():
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (tmp_path / "lease.json").exists() and time.monotonic() < deadline:
            Event().wait(0.01)
        os.kill(os.getpid(), number)

    with serve(WORLD) as box, environment(tmp_path, box):
        box.configure(stall_every=1)
        thread = Thread(target=interrupt)
        thread.start()
        told = flowledger("nightly", "--until", UNTIL)
        thread.join()
    assert (told.code, told.out) == (code, "")
    assert "rolled back" in told.err


def test_prefect_keeps_no_key_and_no_signature_in_any_of_its_files(prefect, night):
    _, database = prefect
    files = [path for path in database.parent.rglob("*") if path.is_file()]
    assert database in files
    for path in files:
        content = path.read_bytes()
        assert KEY.encode() not in content, path
        assert not SIGNED.search(content), path


def lost():
    raise RuntimeError("Failed to reach API at http://127.0.0.1:4200/api/")


def test_a_server_that_cannot_be_reached_is_told_with_the_way_around_it():
    from flows.nightly import Call, outcome_of

    with pytest.raises(FlowledgerError, match=r"Failed to reach API at .*--no-prefect"):
        outcome_of(Call(Settings()), lost)


def test_a_server_that_is_lost_after_the_load_does_not_undo_it():
    from flows.nightly import Call, outcome_of

    done = Outcome("nightly", "1", 0, 3)
    assert outcome_of(Call(Settings(), begun=True, outcome=done), lost) is done


def test_an_error_in_the_flow_that_nobody_foresaw_is_not_hidden():
    from flows.nightly import Call, outcome_of

    with pytest.raises(RuntimeError, match="Failed to reach"):
        outcome_of(Call(Settings(), begun=True), lost)
