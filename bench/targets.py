"""The targets, and whether what was measured meets them. Ratios are of the same turn, so of the same minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

Case = dict[str, Any]
BEND = 1.25
MB = 1024 * 1024
AGAINST_DEFAULT = {(20_000, "gzip"): (40, 60), (100_000, "gzip"): (60, 90), (100_000, "zstd"): (100, 170)}
AGAINST_EXPERT = {(100_000, "gzip"): (15, 25)}
AGAINST_PARSING = {"gzip": (1.0, 0.7), "zstd": (0.6, 0.4)}
PEERS = {"dlt_default": AGAINST_DEFAULT, "dlt_expert": AGAINST_EXPERT}


@dataclass(frozen=True)
class Verdict:
    """A target beside its measurement. bounds: what is asked, and what would be fine; None where there is none."""

    text: str
    values: tuple[float, ...]
    sign: str
    bounds: tuple[float | None, float | None]
    unit: str = ""

    @property
    def word(self) -> str:
        """missed, met, or stretch: by the median."""
        asked, stretch = (self._keeps(bound) for bound in self.bounds)
        return "stretch" if asked and stretch else "met" if asked else "**missed**"

    def _keeps(self, bound: float | None) -> bool:
        if bound is None:
            return False
        held = median(self.values)
        return held <= bound if self.sign == "<=" else held >= bound


def verdicts(found: dict[str, Any]) -> Iterator[Verdict]:
    """Every target of which all parts are there."""
    cases = {part: result["cases"] for part, result in found.items()}
    for case in cases.get("peers", []):
        yield from _against_peers(case)
    for case in (*cases.get("short", []), *cases.get("large", [])):
        yield from _against_parsing(case)
    for case in cases.get("arrow", []):
        yield from _arrow(case)
    yield from _memory(cases)
    for case in cases.get("latency", []):
        walls = [_of(case, f"flowledger, {n} in flight", "wall") for n in (1, 16)]
        yield Verdict("16 in flight, wall times faster than 1", _ratios(*walls), ">=", (4, 8), "x")
        cpus = [_of(case, f"flowledger, {n} in flight", "cpu") for n in (16, 1)]
        yield Verdict("16 in flight, CPU of 1", _ratios(*cpus), "<=", (1.1, None), "x")
        peaks = [_of(case, f"flowledger, {n} in flight", "rss") for n in (16, 1)]
        yield Verdict("16 in flight, peak memory of 1", _ratios(*peaks), "<=", (1.1, None), "x")
    for case in cases.get("again", []):
        yield Verdict("same range again, rows written", tuple(_of(case, "second", "written")), "<=", (0, 0))
        twice = _ratios(_of(case, "second", "cpu"), _of(case, "first", "cpu"))
        yield Verdict("same range again, CPU of the first time", twice, "<=", (1, None), "x")


def _against_peers(case: Case) -> Iterator[Verdict]:
    ours = _of(case, "flowledger", "cpu")
    for name, targets in PEERS.items():
        bounds = targets.get((case["logs"], case["coding"]))
        if bounds and case["samples"].get(name):
            less = _ratios(_of(case, name, "cpu"), ours)
            yield Verdict(f"{_named(case)}: CPU, times less than {name}", less, ">=", bounds, "x")


def _against_parsing(case: Case) -> Iterator[Verdict]:
    net = [
        whole - start for whole, start in zip(*(_of(case, n, "cpu") for n in ("flowledger", "imports")), strict=True)
    ]
    ratio = _ratios(net, _of(case, "orjson by item", "cpu"))
    text = f"{_named(case)}: CPU without imports, of orjson by item"
    yield Verdict(text, ratio, "<=", AGAINST_PARSING[case["coding"]], "x")


def _arrow(case: Case) -> Iterator[Verdict]:
    bounds = {"fixed": (4.0, 6.0), "item": (1.7, None)}[case["signing"]]
    for way, samples in case["samples"].items():
        speed = tuple(sample["bytes"] / sample["cpu"] / 1e9 for sample in samples)
        yield Verdict(f"bytes to Arrow, {case['signing']}, {way}", speed, ">=", bounds, " GB/s")


def _memory(cases: dict[str, list[Case]]) -> Iterator[Verdict]:
    small = {(case["coding"], case["signing"]): case for case in cases.get("short", [])}
    for case in cases.get("large", []):
        peaks = _of(case, "flowledger", "rss")
        yield Verdict(f"{_named(case)}: peak memory", tuple(peak / MB for peak in peaks), "<=", (350, 256), " MB")
        less = small.get((case["coding"], case["signing"]))
        if less:
            of_small = median(_of(less, "flowledger", "rss"))
            grown = tuple(peak / of_small for peak in peaks)
            yield Verdict(f"{_named(case)}: peak memory, of 20 thousand", grown, "<=", (1.4, None), "x")


def _of(case: Case, what: str, figure: str) -> list[float]:
    return [sample[figure] for sample in case["samples"][what]]


def _ratios(above: Sequence[float], below: Sequence[float]) -> tuple[float, ...]:
    return tuple(a / b for a, b in zip(above, below, strict=True))


def _named(case: Case) -> str:
    return f"{case['logs'] // 1000}k {case['coding']} {case['signing']}"


def marginal(cases: Sequence[Case]) -> list[tuple[int, int, float]]:
    """Between neighbouring sizes: both numbers of logs, and the CPU seconds that one more log costs."""
    known = [(case["rows"]["logs"], median(_of(case, "flowledger", "cpu"))) for case in cases]
    return [(n, m, (b - a) / (m - n)) for (n, a), (m, b) in pairwise(known)]


def bends(steps: Sequence[tuple[int, int, float]]) -> int | None:
    """Where growth bends: the size from which one more log costs clearly more than it did before."""
    least = float("inf")
    for smaller, _, cost in steps:
        if cost > BEND * least:
            return smaller
        least = min(least, cost)
    return None
