"""Tables of all results that are there, as Markdown: `python -m bench.report > docs/benchmarks.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.run import RESULTS
from bench.targets import BEND, Verdict, bends, marginal, verdicts

Result = dict[str, Any]
TITLES = {
    "short": "20 thousand logs beside the floors",
    "large": "100 thousand logs beside the floors",
    "ids": "Kinds of log ids",
    "arrow": "Bytes in memory to Arrow tables",
    "latency": "Latency: 300 ms a page",
    "again": "The same range again",
    "peers": "Beside other tools",
    "growth": "Growth",
}
MB = 1024 * 1024


def results(folder: Path) -> dict[str, Result]:
    """What was measured, by part, in the order of the titles."""
    files = {part: folder / f"{part}.json" for part in TITLES}
    return {part: json.loads(file.read_text(encoding="utf-8")) for part, file in files.items() if file.exists()}


def report(found: dict[str, Result]) -> str:
    """The whole page."""
    lines = ["# Benchmarks", "", *_HEAD, "", "## Targets", ""]
    lines += _table(("target", "measured: median (least to most)", "asked", "stretch", ""), map(_row, verdicts(found)))
    for part, result in found.items():
        lines += ["", f"## {TITLES[part]}", "", _where(result), ""]
        lines += _table(
            ("logs", "coding", "signing", "ids", "what", "CPU s", "us a log", "wall s", "peak MB", "wire MB", "GB/s"),
            (row for case in result["cases"] for row in _cells(case)),
        )
        if part == "growth":
            lines += ["", *_growth(result["cases"])]
    return "\n".join(lines) + "\n"


_HEAD = (
    "Written by `python -m bench.report` from what `make bench` and `make bench-full` measured.",
    "",
    "CPU is user and system time of the whole process tree, and is what counts; wall time tells of neighbours too.",
    "All ways of a case take turns, so ratios are of the same minutes; each figure is the median of its turns, with",
    "the least and the most in brackets. Ours is the real command, `flowledger nightly`, from the first request to",
    "the published files, its rows and its spend compared with the source's each time. `imports` is Python and all",
    "modules that the command imports, and is taken out where a target says so. `orjson` parses the same bytes,",
    "decompressed and cut beforehand, and does nothing else. With `fixed` signing runs repeat byte for byte; with",
    "`item` every item is signed anew, each URL on its own.",
)


def _where(result: Result) -> str:
    machine, versions = result["machine"], result["versions"]
    load = f"load {machine['load']} before, {machine.get('load_after', '?')} after"
    return (
        f"{result['date']}, `{result['command']}`; {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}, {load}; "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
    )


def _cells(case: Result) -> Iterator[tuple[str, ...]]:
    logs = case["rows"]["logs"]
    for what, samples in case["samples"].items():
        if not samples:
            continue
        cpu = [sample["cpu"] for sample in samples]
        speed = [sample["bytes"] / sample["cpu"] / 1e9 for sample in samples if "bytes" in sample]
        yield (
            f"{logs:,}",
            case["coding"],
            case["signing"],
            case["log_ids"],
            what,
            spread(cpu),
            f"{median(cpu) / logs * 1e6:,.0f}",
            spread([sample["wall"] for sample in samples if "wall" in sample]),
            spread([sample["rss"] / MB for sample in samples if "rss" in sample], 0),
            spread([sample["wire_bytes"] / MB for sample in samples if "wire_bytes" in sample], 0),
            spread(speed),
        )


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and the least and the most where they differ; empty for nothing."""
    if not values:
        return ""
    middle, least, most = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least} to {most})"


def _row(verdict: Verdict) -> tuple[str, ...]:
    bounds = [f"{verdict.sign} {bound:g}{verdict.unit}" if bound is not None else "" for bound in verdict.bounds]
    return (verdict.text, spread(verdict.values) + verdict.unit, *bounds, verdict.word)


def _growth(cases: Sequence[Result]) -> Iterator[str]:
    steps = marginal(cases)
    for smaller, larger, cost in steps:
        yield f"- from {smaller:,} to {larger:,} logs, one more log costs {cost * 1e6:,.0f} us of CPU"
    bend = bends(steps)
    told = f"It bends at {bend:,} logs" if bend else f"It does not bend up to {steps[-1][1]:,} logs" if steps else ""
    if told:
        yield f"- {told}: a bend is where one more log costs over {BEND:g} times the least of the steps before."


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


if __name__ == "__main__":
    sys.stdout.write(report(results(RESULTS)))
