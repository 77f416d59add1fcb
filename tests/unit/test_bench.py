"""The benchmark measures what it says, on data that is what it says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest

from bench import dataset, parts, report
from bench.dataset import KEY, Dataset, expected_of, whole
from bench.measure import measured
from bench.server import Server, serving
from bench.targets import Verdict, bends, marginal, verdicts
from pipeline.sandbox.codings import coded
from pipeline.sandbox.sandbox import Sandbox

TINY = Dataset(1, signing="fixed", coding="zstd")
LOGS = "/v1/runs/any/logs?sort_by=timestamp%3Aasc&limit=20&embed=run"
BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}], check=True)"
LEAVING = f"""
import subprocess, sys
burning = {BURN!r} + "\\nprint('burnt', flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, '-c', burning], stdout=subprocess.PIPE)
child.stdout.readline()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, serving(TINY) as made:
        patch.setattr(dataset, "HOME", tmp_path_factory.mktemp("answers"))
        thread = Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def get(server: Server, target: str, accepted: str) -> tuple[bytes, str]:
    url = f"http://127.0.0.1:{server.server_address[1]}{target}"
    headers = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": accepted, "Connection": "close"}
    with urlopen(Request(url, headers=headers)) as answer:
        return answer.read(), answer.headers.get("Content-Encoding", "")


def test_the_server_answers_as_the_sandbox_does(server: Server):
    box = Sandbox(replace(TINY.config, codings=()), "http://bench.invalid")
    plain = box.reply("GET", LOGS, {"authorization": f"Bearer {KEY}"}).body
    assert json.loads(plain)["items"][0]["run"]["flow"]["nodes"]
    assert get(server, LOGS, "identity") == (plain, "")
    assert get(server, LOGS, "gzip, zstd") == (coded(plain, "zstd", 5), "zstd")


def test_an_answer_is_computed_once_and_then_sent_from_disk(server: Server):
    get(server, "/bench/stats", "")
    asked = "/v1/flows?limit=7"
    bodies = {get(server, asked, "")[0] for _ in range(3)}
    told = json.loads(get(server, "/bench/stats", "")[0])
    assert len(bodies) == 1
    assert told == {"requests": 3, "misses": 1, "wire_bytes": 3 * len(bodies.pop())}


def test_what_a_dataset_must_hold_is_what_the_sandbox_calls_the_truth():
    assert expected_of(TINY.config) == whole(TINY.config)


@pytest.mark.parametrize("program", [PARENT, LEAVING], ids=["waited for", "left over"])
def test_the_cpu_of_children_counts(program: str):
    assert measured([sys.executable, "-c", program]).cpu >= 0.3


def test_a_failed_command_is_told_with_what_it_said():
    cost = measured([sys.executable, "-c", "import sys; print('out'); sys.exit('why')"])
    assert (cost.code, cost.out, cost.err) == (1, "out\n", "why\n")


@pytest.mark.parametrize(
    ("values", "sign", "word"),
    [
        ((1.2, 0.9, 1.1), "<=", "**missed**"),
        ((0.8, 0.9, 5.0), "<=", "met"),
        ((0.6, 0.7, 0.5), "<=", "stretch"),
        ((0.6,), ">=", "**missed**"),
        ((1.0,), ">=", "stretch"),
    ],
)
def test_the_median_decides_whether_a_target_is_met(values: tuple[float, ...], sign: str, word: str):
    assert Verdict("", values, sign, (1.0, 0.7)).word == word


def case(cpu: float, parsing: float, **given: object) -> dict[str, object]:
    ours = {"cpu": cpu, "wall": 1.0, "rss": 2**28, "wire_bytes": 2**20}
    samples = {"flowledger": [ours], "imports": [{"cpu": 0.5}], "orjson by item": [{"cpu": parsing, "bytes": 10**9}]}
    told = {"logs": 20_000, "coding": "gzip", "signing": "fixed", "log_ids": "random", "rows": {"logs": 20_000}}
    return told | {"samples": samples} | given


def test_imports_are_taken_out_before_parsing_is_compared():
    (found,) = verdicts({"short": {"cases": [case(2.5, 4.0)]}})
    assert (found.values, found.word) == ((0.5,), "stretch")


def test_the_report_marks_a_missed_target():
    told = {"date": "", "command": "", "machine": {"cpu": "", "cores": 2, "memory_gb": 1, "system": "", "load": 0}}
    text = report.report({"short": told | {"versions": {}, "cases": [case(4.5, 2.0)]}})
    assert "| 20k gzip fixed: CPU without imports, of orjson by item | 2.00x | <= 1x | <= 0.7x | **missed** |" in text
    assert "| 20,000 | gzip | fixed | random | flowledger | 4.50 | 225 | 1.00 | 256 | 1 |  |" in text


def test_growth_bends_where_one_more_log_costs_clearly_more():
    def grown(cpus: list[float]) -> int | None:
        sizes = [1_000, 10_000, 100_000, 1_000_000]
        cases = [case(cpu, 1.0, rows={"logs": logs}) for logs, cpu in zip(sizes, cpus, strict=True)]
        return bends(marginal(cases))

    assert grown([1.0, 1.9, 10.9, 100.9]) is None
    assert grown([1.0, 1.9, 10.9, 190.9]) == 100_000


def test_every_part_has_a_title():
    assert set(report.TITLES) == set(parts.PARTS)


def test_results_that_are_not_there_are_left_out(tmp_path: Path):
    assert report.results(tmp_path) == {}
