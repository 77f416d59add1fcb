"""The data that speed is measured on: a world of the sandbox, by seed, in one of two kinds of signing and of ids.

All runs have ended and all late changes have come, so that the truth does not depend on when the benchmark is run.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path

from pipeline import sandbox
from pipeline.sandbox.catalog import PRODUCTS
from pipeline.sandbox.config import BENCH, Config
from pipeline.sandbox.run_objects import cost, ran
from pipeline.sandbox.seeded import to_us
from pipeline.sandbox.truth import Truth, truth
from pipeline.sandbox.view import View
from pipeline.sandbox.world import World

HOME = Path(__file__).parent / ".data" / "answers"
KEY = "rf_live_bench"
START = datetime(2026, 11, 6, tzinfo=UTC)
DAYS = 7
ENDS = START + timedelta(days=DAYS)
UNTIL = ENDS + timedelta(days=1)
"""Exclusive end of what is loaded: the last runs wait for hours, and write until then."""
CLOCK = ENDS + timedelta(days=10)
LOGS_OF_A_DAYS_RUNS = 241.0
"""Logs in these seven days for each run of a working day: 40 a run, and half as many runs on the two other days."""
SIGNINGS = {"fixed": "fixed", "item": "url"}
"""fixed: a URL is signed once, so runs repeat byte for byte. item: every item is signed anew, every URL on its own."""


@dataclass(frozen=True)
class Dataset:
    """Which data. logs: about how many; signing: fixed or item; log_ids: random or v7; coding: of the answers."""

    logs: int = 20_000
    signing: str = "fixed"
    log_ids: str = "random"
    coding: str = "gzip"
    seed: int = 1

    @property
    def config(self) -> Config:
        """The sandbox's switches."""
        return replace(
            BENCH,
            seed=self.seed,
            start=START,
            ends=ENDS,
            long_runs=0.0,
            now=CLOCK,
            runs_per_day=max(2, round(self.logs / LOGS_OF_A_DAYS_RUNS)),
            signing=SIGNINGS[self.signing],
            log_ids=self.log_ids,
            api_key=KEY,
            codings=() if self.coding == "none" else (self.coding,),
        )

    @property
    def name(self) -> str:
        """Names the folder: equal names are equal answers, byte for byte."""
        config = hashlib.blake2b(repr(replace(self.config, codings=())).encode(), digest_size=4).hexdigest()
        return f"{self.logs}-{self.signing}-{self.log_ids}-{config}-{_made_by()}"

    @property
    def folder(self) -> Path:
        return HOME / self.name

    @cached_property
    def expected(self) -> Expected:
        """What the six tables must hold, computed once from the world itself."""
        file = self.folder / "expected.json"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(asdict(expected_of(self.config)), default=str), encoding="utf-8")
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Expected(kept["rows"], Decimal(kept["spend"]))


@cache
def _made_by() -> str:
    """Names the code that makes the answers: another sandbox makes others."""
    digest = hashlib.blake2b(digest_size=4)
    for file in sorted(Path(sandbox.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Expected:
    """Rows by table, and the exact spend of all runs in USD."""

    rows: dict[str, int]
    spend: Decimal


def expected_of(config: Config) -> Expected:
    """Counted in the world: `truth` would hold every log in memory, which a million of them do not allow."""
    now, world = to_us(config.clock()), World(config)
    world.reach(now)
    view = View(config, world, now)
    runs = [row.thing for row in world.rows["runs"]]
    last = max(row.time for row in world.rows["logs"])
    if last >= to_us(UNTIL):
        raise ValueError(f"a log is written at {last}, after the end of what is loaded")
    rows = {
        "logs": len(world.rows["logs"]),
        "runs": len(runs),
        "node_runs": sum(map(ran, runs)),
        "flows": len(view.dimension("flows")),
        "models": len(PRODUCTS),
        "pricing": len(view.dimension("pricing")),
    }
    return Expected(rows, sum((cost(config, run, now) or Decimal(0) for run in runs), Decimal(0)))


def counted(known: Truth) -> Expected:
    """The same from the sandbox's truth, which holds every row."""
    rows = {name: len(getattr(known, name)) for name in ("logs", "runs", "node_runs", "flows", "models", "pricing")}
    return Expected(dict(Counter(rows)), sum(known.spend.values(), Decimal(0)))


def whole(config: Config) -> Expected:
    """The slow way, for a small world."""
    return counted(truth(config))
