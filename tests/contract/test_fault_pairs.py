"""Faults that come two and three at once, drawn by seed, leave the tables of a night without them (P2, P3, P4).

`TEST_PAIRS` is how many draws there are, `TEST_SEED` is the first seed: a draw that fails is named by its seed.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest
import stamina

from pipeline.sandbox import serve, truth
from tests.contract.test_nightly_through_faults import HARMLESS, PAGED, named
from tests.product import SMALL, differences, held, nightly, settings_for, wanted

SOON = 6
FIRST, PAIRS = int(os.environ.get("TEST_SEED", "0")), int(os.environ.get("TEST_PAIRS", "12"))
MORE = [
    *({"envelope": shape, "refusal_status": 400} for shape in ("nested", "nested-string", "detail", "html")),
    {"stall_every": 7, "stall_seconds": 0.05},
    {"latency_ms": 3.0},
    {"rate_headers": True, "personal_data": False},
    {"open_cost": "estimate", "over_limit": "clamp", "default_limit": 3},
    {"no_logs": 0.6, "logs_per_run": 12},
    {"feedback": 1.0, "late_changes": 0.5, "late_change_hours": 1.0},
    {"page_cap": 2},
    {"page_cap": 500},
]
# A server that asks to wait is waited for, by the real clock.
WAITED = ("seconds", "date")
POOL = [each for each in [*HARMLESS, *MORE] if each.get("retry_after") not in WAITED]
# A run as it was when its line was written is an old copy. That the list of runs, which is as of now, comes after it is
# promised where both are read by the same window: not where a filter that cannot be believed makes one window of all.
OLD_COPIES = {"embedded_run"}
ONE_WINDOW = {"grammar", "filter_precision", "equal_timestamps", "fraction", "sort"}
# Two faults that strike at the same requests are one: each has a rhythm of its own.
RHYTHMS = {
    "rate_limit_every": 11, "server_error_every": 5, "error_in_200_every": 7, "reset_every": 13, "truncate_every": 8,
    "cut_every": 9,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=12)
    yield
    stamina.set_testing(False)


def drawn(seed):
    """Two switches, or of every fourth seed three, that say different things; and the seed of their world."""
    rng = random.Random(seed)
    while True:
        switches = rng.sample(POOL, 3 if seed % 4 == 3 else 2)
        together = {name: value for each in switches for name, value in each.items()}
        out_of_order = OLD_COPIES & together.keys() and ONE_WINDOW & together.keys()
        if len(together) == sum(map(len, switches)) and not out_of_order:
            rhythms = {name: rhythm for name, rhythm in RHYTHMS.items() if name in together}
            return {**PAGED, **together, **rhythms, "seed": rng.randrange(1000)}


DRAWS = [
    pytest.param(drawn(seed), id=f"{seed}: {named(drawn(seed))}", marks=[pytest.mark.heavy] * (seed >= FIRST + SOON))
    for seed in range(FIRST, FIRST + PAIRS)
]


@pytest.mark.parametrize("switches", DRAWS)
def test_faults_together_leave_the_tables_of_a_clean_night(tmp_path, switches):
    with serve(replace(SMALL, runs_per_day=8, **switches)) as box:
        outcome = nightly(settings_for(box, tmp_path))
        wrong = differences(held(tmp_path), wanted(truth(box.config), box.config))
    assert wrong == []
    assert (outcome.failed, outcome.exit_code) == ((), 0)
