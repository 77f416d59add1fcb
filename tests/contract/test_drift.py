"""An API that moves on between two nights: told in the ledger, by the night itself and by `status`, and never fatal."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pytest

from pipeline import status, warehouse
from pipeline.progress import summary
from pipeline.replay import run_replay
from pipeline.sandbox import serve
from tests.product import NOW, SMALL, nightly, settings_for

DAY = timedelta(days=1)
LEVELS = {"logs", "runs", "node_runs", "flows", "models", "pricing"}
LEFT_OUT = ("run.client_ref", "log.meta", "flow.cover_url", "pricing.multiplier_label")
DRIFT = (
    "SELECT table_name, path, kind, detail, count, sample_id, first_seen_at, last_seen_at "
    "FROM warehouse.ledger.drift ORDER BY ALL"
)
BOOKS = (DRIFT, "FROM warehouse.ledger.codes ORDER BY ALL", "FROM warehouse.ledger.fields ORDER BY ALL")


def asked(home, *queries):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return [con.execute(query).fetchall() for query in queries]


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """A night of some broken rows, and one before which the API has moved on and the rows were mended."""
    home = tmp_path_factory.mktemp("nights") / "home"
    with serve(replace(SMALL, poison=("run:wrong-type", "node_run:bad-cost"), poison_every=9)) as box:
        settings = settings_for(box, home)
        first = nightly(settings)
        (before,) = asked(home, DRIFT)
        box.configure(now=NOW + DAY, poison=(), unknown_keys=True, missing_keys=LEFT_OUT, new_codes=0.5)
        second = nightly(settings, NOW + DAY)
        (after,) = asked(home, DRIFT)
    return SimpleNamespace(
        home=home,
        settings=settings,
        first=first,
        second=second,
        before=before,
        after=after,
        new=[row for row in after if row[2] != "type"],
    )


def test_a_field_of_another_type_is_drift_beside_its_finding_and_a_bad_value_is_none(nights):
    assert nights.first.exit_code == 3
    rejected = asked(nights.home, "SELECT DISTINCT path FROM warehouse.ledger.rejects ORDER BY path")
    assert rejected == [[("cost",), ("duration_ms",)]]
    assert [row[:4] for row in nights.before] == [("runs", "duration_ms", "type", "string instead of integer")]
    assert nights.first.drift == (f"runs: type duration_ms: string instead of integer, e.g. {nights.before[0][5]}",)


def test_what_is_new_at_every_level_is_in_the_ledger_and_ends_with_0(nights):
    assert nights.second.exit_code == 0
    assert nights.second.published
    kinds = {(table, path, kind) for table, path, kind, *_ in nights.new}
    assert {(level, "x_new_field", "unknown") for level in LEVELS} <= kinds
    assert {
        ("flows", "nodes[].inputs[].x_new_field", "unknown"),
        ("models", "examples[].x_new_field", "unknown"),
    } <= kinds
    assert {(table, path) for table, path, kind in kinds if kind == "missing"} == {
        ("runs", "client_ref"), ("logs", "meta"), ("flows", "cover_url"), ("pricing", "multiplier_label"),
    }  # fmt: skip
    codes = {(table, path, detail) for table, path, kind, detail, *_ in nights.new if kind == "code"}
    assert {(table, path) for table, path, detail in codes if detail == "x_new_code"} == {
        ("logs", "level_code"), ("runs", "source_code"), ("node_runs", "state_code"), ("flows", "category_code"),
        ("models", "category_code"), ("pricing", "unit_code"),
    }  # fmt: skip
    assert all(count and sample and first <= last for *_, count, sample, first, last in nights.new)


def test_a_sample_is_a_row_that_has_it(nights):
    samples = [(table, sample) for table, path, _, _, _, sample, *_ in nights.new if path == "x_new_field"]
    queries = [f"SELECT extra FROM warehouse.main.{table} WHERE id = '{sample}'" for table, sample in samples]
    assert len(queries) == len(LEVELS)
    assert all(held for held in asked(nights.home, *queries))


def test_the_night_tells_what_is_new_in_it_once(nights):
    said = summary(nights.second, nights.home)
    assert len(nights.second.drift) == len(set(nights.second.drift)) == len(nights.new)
    assert "Drift: new in what the API sends" in said
    assert nights.second.drift[0] in said
    assert f"and {len(nights.new) - 10:,} more" in said


def test_drift_that_is_over_stays_as_it_was(nights):
    assert [row for row in nights.after if row[2] == "type"] == nights.before


def test_status_lists_drift_newest_first_with_since_when_and_a_sample(nights):
    known = status.look(nights.settings)
    said = [line.strip() for line in status.as_text(known, datetime.now(UTC)).splitlines()]
    lines = [line for line in said if line.startswith("drift in ")]
    assert len(lines) == status.MOST_LINES
    assert all(" since 20" in line and ("times" in line or "once" in line) and ", e.g. " in line for line in lines)
    assert known.loaded.drift[-1].kind == "type"
    first = [each.first_seen_at for each in known.loaded.drift]
    assert first == sorted(first, reverse=True)
    assert len(first) == len(nights.after)
    assert all(each.sample_id and each.last_seen_at for each in known.loaded.drift)


def test_readers_see_drift_and_the_codes_that_were_observed(nights):
    with closing(duckdb.connect(str(nights.home / "published" / "flowledger.duckdb"), read_only=True)) as con:
        assert con.execute("SELECT count(*) FROM ledger.drift").fetchall() == [(len(nights.after),)]
        seen = con.execute(
            "SELECT DISTINCT level_code FROM main.logs EXCEPT "
            "SELECT value FROM ledger.codes WHERE table_name = 'logs' AND column_name = 'level_code'"
        ).fetchall()
    assert seen == []


def test_a_rebuild_tells_the_same_drift_with_the_old_warehouse_and_without_it(nights, tmp_path):
    home = shutil.copytree(nights.home, tmp_path / "home", symlinks=True)
    settings = replace(nights.settings, home=home)
    before = asked(home, *BOOKS)
    assert any(row[2] == "missing" for row in before[0])
    run_replay(settings, None, None, now=NOW + 9 * DAY, report=lambda _: None)
    assert asked(home, *BOOKS) == before
    (home / "warehouse.duckdb").unlink()
    run_replay(settings, None, None, now=NOW + 9 * DAY, report=lambda _: None)
    assert asked(home, *BOOKS) == before
