"""The parts of the benchmark: each runs its cases, every case in turns A B A B, and hands back all samples."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import flowledger, peer
from bench.dataset import HOME, KEY, START, Dataset
from bench.flowledger import BACKFILL, NIGHT
from bench.measure import Cost, measured
from bench.served import ROOT, asked_since, served

Sample = dict[str, float]
Case = dict[str, Any]
FLOOR_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
SMALL, LARGE, HUGE = 20_000, 100_000, 1_000_000
WINDOW = "6h"
"""Small windows, so that there are enough of them for sixteen at once."""


def short(times: int) -> Iterator[Case]:
    """20 thousand logs in both codings and both kinds of signing, beside the floors."""
    yield from _floored(SMALL, times)


def large(times: int) -> Iterator[Case]:
    """The same with 100 thousand."""
    yield from _floored(LARGE, times)


def ids(times: int) -> Iterator[Case]:
    """Log ids that are ordered in time, against random ones."""
    for log_ids in ("random", "v7"):
        yield _turns(Dataset(SMALL, log_ids=log_ids), times, {"flowledger": _night()})


def against_peers(times: int) -> Iterator[Case]:
    """Every peer that is there beside our command; the large data once only."""
    for data, turns in ((Dataset(SMALL), times), (Dataset(LARGE), 1), (Dataset(LARGE, coding="zstd"), 1)):
        ways = {"flowledger": _night()} | {name: _peer(name) for name in peer.peers()}
        yield _turns(data, turns, ways)


def latency(times: int) -> Iterator[Case]:
    """300 ms a page, with 1, 4 and 16 requests in flight."""
    ways = {f"flowledger, {n} in flight": _backfill(n) for n in (1, 4, 16)}
    yield _turns(Dataset(SMALL), times, ways, latency_ms=300)


def again(times: int) -> Iterator[Case]:
    """The same range twice into one home. The second time nothing may be written."""
    data = Dataset(SMALL)
    samples: dict[str, list[Sample]] = {"first": [], "second": []}
    with served(data) as url:
        _filled(url, data)
        for _ in range(times):
            with _home() as home:
                for name, taken in samples.items():
                    cost = flowledger.load(url, home, BACKFILL)
                    taken.append(_sample(cost, data, asked_since(url)) | {"written": flowledger.written(cost)})
                    _progress(data, name, taken[-1])
    yield _case(data, samples)


def arrow(times: int) -> Iterator[Case]:
    """Bytes in memory to Arrow tables, by kind of signing."""
    for signing in ("fixed", "item"):
        data = Dataset(SMALL, signing, coding="zstd")
        yield _turns(data, times, {way: _arrow(way) for way in ("memory", "landed", "wire")})


def growth(times: int) -> Iterator[Case]:
    """Our command from a thousand logs to a million."""
    for logs in (1_000, 10_000, LARGE, HUGE):
        turns = times if logs < HUGE else 1
        yield _turns(Dataset(logs, coding="zstd"), turns, {"flowledger": _night(), "imports": _imports})


Part = Callable[[int], Iterator[Case]]
PARTS: dict[str, Part] = {
    "short": short,
    "large": large,
    "ids": ids,
    "arrow": arrow,
    "latency": latency,
    "again": again,
    "peers": against_peers,
    "growth": growth,
}
Way = Callable[[str, Dataset], Sample]


def _floored(logs: int, times: int) -> Iterator[Case]:
    for signing in ("fixed", "item"):
        for coding in ("gzip", "zstd"):
            ways: dict[str, Way] = {"flowledger": _night(), "imports": _imports}
            ways |= {f"orjson by {how}": _floor(how) for how in ("item", "page")}
            yield _turns(Dataset(logs, signing, coding=coding), times, ways)


def _turns(data: Dataset, times: int, ways: dict[str, Way], latency_ms: float = 0.0) -> Case:
    """All ways one after another, and all of that several times, so that a busy minute is nobody's."""
    samples: dict[str, list[Sample]] = {name: [] for name in ways}
    with served(replace(data)) as url:
        _filled(url, data, BACKFILL_SMALL if latency_ms else NIGHT)
    with served(data, latency_ms) as url:
        for _ in range(times):
            for name, way in ways.items():
                samples[name].append(way(url, data))
                _progress(data, name, samples[name][-1])
    return _case(data, samples)


def _case(data: Dataset, samples: dict[str, list[Sample]]) -> Case:
    told = {"logs": data.logs, "signing": data.signing, "coding": data.coding, "log_ids": data.log_ids}
    return told | {"rows": data.expected.rows, "samples": samples}


def _filled(url: str, data: Dataset, command: tuple[str, ...] = NIGHT) -> None:
    """Have every answer computed that a measured run will ask for."""
    with _home() as home:
        flowledger.load(url, home, command)
    sys.stderr.write(f"{data.name}: {asked_since(url)['misses']} answers were new\n")


def _night() -> Way:
    def run(url: str, data: Dataset) -> Sample:
        return _ours(url, data, NIGHT)

    return run


BACKFILL_SMALL = (*BACKFILL, "--window", WINDOW)


def _backfill(concurrency: int) -> Way:
    def run(url: str, data: Dataset) -> Sample:
        return _ours(url, data, (*BACKFILL_SMALL, "--concurrency", str(concurrency)))

    return run


def _ours(url: str, data: Dataset, command: tuple[str, ...]) -> Sample:
    with _home() as home:
        asked_since(url)
        cost = flowledger.load(url, home, command)
        flowledger.verify(home, data.expected)
    return _sample(cost, data, asked_since(url))


def _peer(name: str) -> Way:
    def run(url: str, data: Dataset) -> Sample:
        with _home() as home:
            home.mkdir()
            asked_since(url)
            cost = peer.load(name, url, home / "peer.duckdb", data)
        return _sample(cost, data, asked_since(url))

    return run


def _floor(how: str) -> Way:
    def run(url: str, data: Dataset) -> Sample:
        cost = measured([FLOOR_PYTHON, ROOT / "bench" / "floors.py", url, KEY, how])
        return _told(cost, data)

    return run


def _arrow(way: str) -> Way:
    def run(url: str, data: Dataset) -> Sample:
        return _told(measured([sys.executable, "-m", "bench.arrow", url, way], cwd=ROOT), data)

    return run


def _imports(url: str, _: Dataset) -> Sample:
    """What our command spends before it does anything: Python itself, and every module that it imports."""
    if not _names:
        with _home() as home:
            given = {"RUNFLOW_API_URL": url, "RUNFLOW_API_KEY": KEY, "FLOWLEDGER_HOME": str(home)}
            started = {"FLOWLEDGER_START": f"{START:%Y-%m-%d}", "FLOWLEDGER_RATE": "5000"}
            _names.extend(flowledger.imports(NIGHT, given | started))
    cost = flowledger.import_cost(_names)
    return {"cpu": cost.cpu, "wall": cost.wall, "rss": cost.rss, "modules": len(_names)}


_names: list[str] = []


def _told(cost: Cost, data: Dataset) -> Sample:
    """What a process measured within itself; it must have read everything."""
    if cost.code != 0:
        raise flowledger.WrongResult(cost.err)
    told: Sample = json.loads(cost.out)
    if told["logs"] != data.expected.rows["logs"]:
        raise flowledger.WrongResult(f"{told['logs']} logs were read; there are {data.expected.rows['logs']}")
    return told


def _sample(cost: Cost, data: Dataset, asked: dict[str, int]) -> Sample:
    told: Sample = {"cpu": cost.cpu, "wall": cost.wall, "rss": cost.rss, "logs": data.expected.rows["logs"]}
    return told | asked


def _progress(data: Dataset, name: str, sample: Sample) -> None:
    sys.stderr.write(f"{data.logs:>9,} {data.coding:5} {data.signing:6} {name:24} {sample['cpu']:8.2f} s CPU\n")


@contextmanager
def _home() -> Iterator[Path]:
    HOME.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME.parent) as folder:
        yield Path(folder) / "home"
