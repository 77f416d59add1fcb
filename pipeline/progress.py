"""What a command shows: progress on stderr while it works, and a summary of what it did.

A bar with rate and time left on a terminal; elsewhere one plain line per window, fit for a log file.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.values import Merged, Outcome, Step

MOST_DRIFT = 10
MEANINGS = {
    0: "done",
    1: "failed",
    3: "done and published, with findings that are new",
}


@contextmanager
def shown(title: str) -> Iterator[Callable[[Step], None]]:
    """Give a function that takes each Step; the bar stands on stderr for the time of the block."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: _plain_line(title, step)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, rate="")
        loaded = 0

        def take(step: Step) -> None:
            nonlocal loaded
            loaded += step.logs
            elapsed = bar.tasks[0].elapsed or 0
            rate = f"{loaded / elapsed:,.0f} logs/s" if elapsed > 1 else ""
            bar.update(task, completed=step.done, total=step.total, rate=rate)
            if step.error:
                bar.console.print(f"{step.window.key} failed: {step.error}", markup=False, highlight=False)

        yield take


def summary(outcome: Outcome, home: Path) -> str:
    """What was loaded, what to know, and where to look; plain text."""
    lines = [f"{outcome.command}: {MEANINGS.get(outcome.exit_code, 'failed')}", _effort(outcome)]
    if outcome.merged:
        lines += ["", _merged_table(outcome.merged)]
    lines += _proof(outcome)
    if outcome.rejected:
        lines += ["", f"{outcome.rejected:,} rows could not be read and are in quarantine: flowledger rejects list"]
    if outcome.findings:
        lines += ["", "Findings"]
        lines += [f"  {found.severity}  {found.check}: {found.detail}" for found in outcome.findings]
    if outcome.drift:
        lines += ["", "Drift: new in what the API sends; it is kept, and nothing fails"]
        lines += [f"  {each}" for each in outcome.drift[:MOST_DRIFT]]
        more = len(outcome.drift) - MOST_DRIFT
        lines += [f"  and {more:,} more: flowledger status --json"] if more > 0 else []
    if outcome.failed:
        lines += ["", "Failed; what was rolled back is read again by the next run"]
        lines += [f"  {window}: {message}" for window, message in outcome.failed]
    lines += ["", *_where_to_look(outcome, home)]
    return "\n".join(lines)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with equal keys as aligned plain text; numbers to the right."""
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(names)]
    right = [all(isinstance(row[name], int | float) or row[name] is None for row in rows) for name in names]

    def line(texts: Sequence[str]) -> str:
        parts = [t.rjust(w) if r else t.ljust(w) for t, w, r in zip(texts, widths, right, strict=True)]
        return "  ".join(parts).rstrip()

    return "\n".join([line(names), line(["-" * width for width in widths]), *(line(row) for row in cells)])


def _plain_line(title: str, step: Step) -> None:
    told = f"failed: {step.error}" if step.error else f"{step.logs:,} logs, {step.runs:,} runs"
    sys.stderr.write(f"{title} [{step.done}/{step.total}] {step.window.key}: {told}\n")
    sys.stderr.flush()


def _effort(outcome: Outcome) -> str:
    text = f"{_count(outcome.windows, 'window')} in {outcome.seconds:.1f} s"
    if not outcome.requests:
        return text
    asked = _count(outcome.requests, "request")
    return f"{text}; {asked}, {outcome.retries:,} tried again, {outcome.wire_bytes / 1e6:,.1f} MB received"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _merged_table(merged: Mapping[str, Merged]) -> str:
    rows = [
        {"table": n, "inserted": m.inserted, "updated": m.updated, "unchanged": m.unchanged, "removed": m.removed}
        for n, m in merged.items()
    ]
    return table(rows)


def _proof(outcome: Outcome) -> list[str]:
    """How the days compare with the source's totals, and what was asked run by run."""
    lines = []
    if outcome.comparisons:
        counts = Counter(each.status for each in outcome.comparisons)
        told = ", ".join(f"{count:,} {status}" for status, count in counts.most_common())
        lines.append(f"Compared with the source's totals: {_count(len(outcome.comparisons), 'day')}: {told}")
    if outcome.asked_by_run:
        found = f"{_count(outcome.found_by_run, 'row')} came only so" if outcome.found_by_run else "nothing was missing"
        lines.append(f"Logs and node runs asked for run by run: {_count(outcome.asked_by_run, 'list')}; {found}")
    return ["", *lines] if lines else []


def _where_to_look(outcome: Outcome, home: Path) -> list[str]:
    if outcome.published is None:
        return ["Nothing new was published; readers keep what they have. See: flowledger status"]
    return [
        f"Published: {home / 'published' / 'flowledger.duckdb'} (version {outcome.published})",
        'Look: flowledger status, flowledger sql "FROM marts.spend_by_day"',
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("\n", " ")
