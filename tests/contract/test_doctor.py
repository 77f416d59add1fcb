"""The doctor when something is wrong, here or there; and its report, which holds forms and nothing else."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
import stamina

from pipeline.lease import hold_lease
from pipeline.sandbox import Fault, serve, truth
from pipeline.sandbox.sandbox import Reply
from pipeline.tables import TABLES
from tests.contract.visited import Visit
from tests.product import SMALL

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
STRANGER = "eve.stranger@example.com"


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=4)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="module")
def served():
    with serve(SMALL) as box:
        yield box


@pytest.fixture
def visit(served, tmp_path):
    return lambda home=tmp_path / "home", **given: Visit(served, home, **given)


def substance(seen):
    """What was told, without what differs between two looks: sizes of bodies, free space, counts of requests."""
    return {
        topic: text.partition("; coding")[0] for topic, text in seen.told.items() if topic not in {"disk", "requests"}
    }


def test_faults_that_time_heals_change_no_answer_and_do_not_multiply_the_requests(visit, tmp_path):
    faults = {"rate_limit_every": 6, "retry_after": "none", "server_error_every": 7, "cut_every": 9, "reset_every": 10}
    calm, troubled = visit(home=tmp_path / "calm"), visit(home=tmp_path / "troubled", **faults)
    assert troubled.code == 0
    assert substance(troubled) == substance(calm)
    assert calm.asked < troubled.asked <= 2 * calm.asked


@pytest.mark.parametrize("hidden", [(), ("me",)], ids=["account", "listings"])
def test_a_key_that_is_refused_is_1_and_one_sentence_and_ends_the_questions(visit, hidden):
    seen = visit(api_key="rf_live_other", missing_endpoints=hidden)
    assert (seen.code, len(seen.failed)) == (1, 1)
    assert seen.asked == 1 + len(hidden)
    assert "The API did not accept the key (401" in seen.said
    assert "rf_live" not in seen.said


def test_a_key_that_may_not_read_logs_is_1_and_the_rest_is_still_told(visit):
    seen = visit(forbidden=("logs", "log", "models"))
    assert (seen.code, seen.failed) == (1, ["logs"])
    assert "answered 403: the key needs the scope runs:read" in seen.told["logs"]
    assert (seen.told["runs: sort"], seen.told["models"]) == ("honoured", "answered 403")


def test_without_a_key_nothing_is_asked_and_the_exit_code_is_2(visit):
    seen = visit(given={"api_key": ""})
    assert (seen.code, seen.asked, seen.failed) == (2, 0, ["key"])
    assert "set RUNFLOW_API_KEY, or RUNFLOW_API_KEY_FILE" in seen.said


def test_offline_nothing_is_asked_and_no_key_is_missed(visit):
    seen = visit(given={"api_key": ""}, offline=True)
    assert (seen.code, seen.asked) == (0, 0)
    assert set(seen.told) == {"versions", "home", "disk", "warehouse"}


def test_an_api_that_cannot_be_reached_is_1_and_a_sentence_after_one_question(visit):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        seen = visit(given={"api_url": f"http://127.0.0.1:{taken.getsockname()[1]}"})
    assert (seen.code, seen.failed) == (1, ["account"])
    assert "ConnectError" in seen.said
    assert "within 20 seconds. Check RUNFLOW_API_URL and the network." in seen.said
    assert "4 asked, 3 tried again" in seen.told["requests"]


def test_an_api_that_stays_overloaded_is_given_up_after_two_questions(visit):
    seen = visit(server_error_every=1, missing_endpoints=("me",))
    assert (seen.code, seen.failed) == (1, ["logs", "runs"])


@pytest.mark.parametrize(
    "body",
    [
        *("null", "[]", "{}", "<html>", '{"items": {}}'),
        '{"items": [1, null, {"id": {}}], "next": {"a": [1]}}',
        '{"items": [{"id": "a/b", "run": [1]}], "next": 7}',
        '{"id": 1, "memberships": 3, "timeline": [7]}',
    ],
)
def test_an_answer_of_any_form_is_told_and_never_an_error_of_our_own(visit, served, monkeypatch, body):
    monkeypatch.setattr(served, "reply", lambda *_: Reply(200, body.encode(), {"Content-Type": "application/json"}))
    seen = visit()
    assert seen.code in {0, 1}
    assert "does not expect" not in seen.said


def test_the_organisation_is_sent_as_a_header_and_told_when_the_key_does_not_belong_to_it(visit, served, monkeypatch):
    heard, reply = [], served.reply

    def listening(method, target, headers):
        heard.append(headers.get("x-organization-id"))
        return reply(method, target, headers)

    monkeypatch.setattr(served, "reply", listening)
    seen = visit(given={"organization_id": "org-elsewhere"})
    assert set(heard) == {"org-elsewhere"}
    assert seen.told["organisation"] == "RUNFLOW_ORGANIZATION_ID is not among the key's organisations"
    assert "org-elsewhere" not in seen.report


@pytest.mark.parametrize("where", ["home", "home/below"])
def test_a_home_that_is_no_folder_is_1_and_named(visit, tmp_path, where):
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    seen = visit(home=tmp_path / where, offline=True)
    assert seen.code == 1
    assert f"{tmp_path / where} cannot be used" in seen.said
    assert "No report was written" in seen.said


def test_a_home_that_cannot_be_written_is_1_and_a_small_disk_is_a_warning(visit, monkeypatch):
    with monkeypatch.context() as patch:
        full = OSError(errno.ENOSPC, "No space left on device")
        patch.setattr("pipeline.doctor.TemporaryFile", lambda **_: (_ for _ in ()).throw(full))
        seen = visit(offline=True)
    assert (seen.code, seen.told["home"]) == (1, "cannot be used: No space left on device")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9**9, 9**9, 5 * 10**8))
    seen = visit(offline=True)
    assert (seen.code, seen.told["disk"]) == (0, "0.5 GB free")
    assert re.search(r"^warn +disk", seen.said, re.MULTILINE)


def test_a_run_that_is_writing_is_named_to_its_owner_only(visit, tmp_path):
    with hold_lease(tmp_path / "home", timedelta(0), command="nightly"):
        seen = visit(offline=True)
    assert f"Another run (nightly, process {os.getpid()}" in seen.said
    assert seen.told["lease"] == "another run is writing now"


def test_the_report_is_for_its_owner_and_holds_no_key_row_person_signature_path_or_url(visit, served, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "doctor-report.json").write_text("old", encoding="utf-8")
    served.inject(Fault(kind="status", status=503, code=STRANGER, where="flow_nodes", times=4))
    seen = visit(signature="mixed")
    world = truth(replace(SMALL, signature="mixed"))
    rows = {row for name in TABLES for row in getattr(world, name)}
    users = [flow["created_by_user"] for flow in world.flows.values() if flow["created_by_user"]]
    people = {value for user in users for key, value in user.items() if value and ("name" in key or key == "email")}
    assert len(rows) > 100
    assert len(people) > 3
    secrets = rows | people | {"rf_live", "Mara", "acme", STRANGER, "Signature", "Amz", served.url, str(tmp_path)}
    assert [secret for secret in secrets if secret in seen.report] == []
    assert not UUID.search(seen.report)
    assert "://" not in seen.report
    # The owner is told what the report keeps back.
    assert STRANGER in seen.said
    assert seen.told["flows"] == "SourceUnavailable"
    assert (tmp_path / "home" / "doctor-report.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["doctor-report.json"]
