"""A source that changes between nights: lines that arrive late, prices that change or vanish, outputs taken back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline import warehouse
from pipeline.sandbox import serve, truth
from tests.product import NOW, SMALL, START, differences, held, nightly, settings_for, wanted

DAY = timedelta(days=1)
NIGHTS = (START + DAY, START + 2 * DAY, NOW, NOW + DAY)


def after(tmp_path, moments, **switches):
    """Where the tables differ from the truth after a night at each moment of the sandbox's clock."""
    with serve(replace(SMALL, **switches)) as box:
        settings = settings_for(box, tmp_path)
        for now in moments:
            box.configure(now=now)
            assert nightly(settings, now).exit_code == 0
        return differences(held(tmp_path), wanted(truth(box.config), box.config))


def asked(home, sql):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return con.execute(sql).fetchall()


@pytest.mark.parametrize("switches", [{"late_logs": 0.5, "late_by": 20 * 3600.0}, {"open_cost": "estimate"}], ids=str)
def test_what_changes_within_the_lookback_is_there_in_the_end(tmp_path, switches):
    assert after(tmp_path, NIGHTS, **switches) == []


def test_an_output_that_the_source_forgot_is_kept(tmp_path):
    wrong = after(tmp_path, (NOW, NOW + DAY), forgotten_outputs=1.0, runs_per_day=80)
    assert wrong
    assert {line.split()[2] for line in wrong} == {"output:"}
    assert all(line.endswith("not None") for line in wrong)


def test_a_price_that_changes_and_one_that_vanishes_leave_half_open_versions_that_touch(tmp_path):
    after(tmp_path, NIGHTS, changes_after_days=1.2, price_rule_vanishes_after_days=1.2)
    assert asked(tmp_path, "SELECT count(*) FROM warehouse.main.pricing WHERE _removed_at IS NOT NULL") == [(1,)]
    for name in ("pricing", "models", "flows"):
        versions = asked(tmp_path, f"SELECT count(*) - count(DISTINCT id) FROM warehouse.main.{name}_history")
        assert versions[0][0] >= 1, name
        torn = asked(
            tmp_path,
            "SELECT * FROM (SELECT valid_from, valid_to, lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) "
            f"AS next FROM warehouse.main.{name}_history) WHERE valid_to IS DISTINCT FROM next AND next IS NOT NULL",
        )
        assert torn == [], name
