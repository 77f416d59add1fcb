"""Log lines. Levels, messages and metadata are invented: no real log was ever found in public."""

from __future__ import annotations

from typing import Any

from pipeline.sandbox.catalog import PRODUCTS, signed
from pipeline.sandbox.runs import Run
from pipeline.sandbox.seeded import number, to_time

Json = dict[str, Any]
WORK = (
    "Uploading inputs",
    "Inputs resolved",
    "Model warmed up in {ms} ms",
    "Progress {percent}%",
    "Provider job {job} accepted",
    "Fetching {url} took {ms} ms",
    "Retrying after a slow answer (attempt {attempt})",
    "Saved output to {url}",
    'Parsed provider answer {{"ok": true, "run": {{"id": "{job}"}}}}',
    "Grüße vom Worker\tn°{attempt} 🎬",
)


def log_object(run: Run, i: int, id: str, at: int) -> Json:
    """Log line i of a run, without the run."""
    level, message = _said(run, i, at)
    return {
        "id": id,
        "run_id": run.id,
        "level_code": level,
        "message": message,
        "timestamp": to_time(at),
        "meta": _meta(run, i),
    }


def _said(run: Run, i: int, at: int) -> tuple[str, str]:
    if i == 0:
        return "info", f"Run {run.id} queued for {PRODUCTS[run.product].slug}"
    if i == run.lines - 1 and at >= run.completed:
        return ("error", "Run failed") if run.end == "failed" else ("info", f"Run ended: {run.end}")
    if run.started is None:
        return "warning", "Waiting for capacity"
    if i <= 2:
        return "debug", ("Dispatched to worker", "Run started")[i - 1]
    n = number(run.id, i)
    template = WORK[n % len(WORK)]
    level = "warning" if template.startswith("Retrying") else ("info", "debug")[n % 2]
    url = signed(f"outputs/{run.id}/{i}.webp")
    return level, template.format(ms=n % 9000, percent=n % 101, job=f"job_{n % 10**9}", url=url, attempt=n % 3 + 1)


def _meta(run: Run, i: int) -> Json | None:
    n = run.spread + i
    if n % 4 == 0:
        return None
    if n % 4 == 1:
        return {}
    return {"worker": f"eu-central-1/{n % 12}", "step": i, "ratio": n % 100 / 100, "preview": signed(f"p/{n}.webp")}
