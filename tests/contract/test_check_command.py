"""Checks of a whole load, and the command that asks every check of the whole warehouse."""

from __future__ import annotations

import json
import re
from contextlib import closing

import pytest

from pipeline import check, warehouse
from pipeline.sandbox import serve
from tests.command import NIGHT, UNTIL, WORLD, environment, flowledger
from tests.product import dump

FAILED = """-- No run has failed.
-- What to do: look.
SELECT r.id::VARCHAR AS key, r.status_code FROM warehouse.main.runs AS r WHERE r.status_code = 'failed' ORDER BY key;
"""
TWICE = "INSERT INTO warehouse.main.logs SELECT * FROM warehouse.main.logs LIMIT 1"
NEGATIVE = "UPDATE warehouse.main.runs SET cost = -1 WHERE id IN (SELECT r.id FROM warehouse.main.runs AS r LIMIT 5)"


@pytest.fixture(scope="module")
def box():
    with serve(WORLD) as served:
        yield served


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """A folder of checks that find nothing, for a test to add others."""
    for severity in ("fail", "warn"):
        folder = tmp_path / "checks" / severity
        folder.mkdir(parents=True)
        (folder / "nothing.sql").write_text("-- There is nothing to find.\nSELECT 1 AS key WHERE false;\n")
    monkeypatch.setattr(check, "CHECKS", tmp_path / "checks")
    return tmp_path / "checks"


def status():
    return json.loads(flowledger("status", "--json").out)


def change(home, sql):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        con.execute(sql)


def rows_of(told):
    """The table that was printed: check -> (severity, rows)."""
    found = re.findall(r"^(\w+) +(fail|warn) +([\d,]+)", told.out, re.MULTILINE)
    return {name: (severity, int(rows.replace(",", ""))) for name, severity, rows in found}


def test_a_load_that_fails_a_check_stays_committed_and_is_not_published_until_a_person_accepts(box, tmp_path, checks):
    (checks / "fail" / "unique_key.sql").write_text(FAILED)
    with environment(tmp_path / "home", box):
        told = flowledger(*NIGHT)
        assert told.code == 1
        assert "check unique_key: No run has failed. Broken by 1 row: " in told.out
        assert "Nothing new was published" in told.out
        known = status()
        assert known["published"] is None
        assert known["loaded"]["watermark"] == UNTIL
        assert known["loaded"]["rows"]["runs"] > 0

        assert "failing findings of unique_key" in flowledger("publish").err
        assert flowledger("publish", "--accept", "unique_key").code == 0
        assert status()["published"]["complete"] is True


def test_a_warning_of_a_load_is_published_and_rings_once(own, checks):
    (checks / "warn" / "failed.sql").write_text(FAILED)
    assert [flowledger(*NIGHT).code for _ in range(2)] == [3, 0]
    assert [each["check_name"] for each in status()["loaded"]["findings"]] == ["failed"]


def test_a_check_that_cannot_run_keeps_a_load_from_being_published(own, checks):
    (checks / "warn" / "broken.sql").write_text(
        "-- This cannot be asked.\nSELECT r.no FROM warehouse.main.runs AS r;\n"
    )
    told = flowledger(*NIGHT)
    assert told.code == 1
    assert "The check sql/checks/warn/broken.sql cannot run in load " in told.out
    assert "Nothing new was published" in told.out


def test_check_asks_every_check_and_is_0_where_nothing_is_found(own, monkeypatch):
    monkeypatch.delenv("RUNFLOW_API_KEY")
    before = dump(own), status()
    told = flowledger("check")
    assert told.code == 0, told.said
    assert rows_of(told).keys() == {path.stem for path in check.CHECKS.rglob("*.sql")}
    assert {rows for _, rows in rows_of(told).values()} == {0}
    assert "None of " in told.out
    assert (dump(own), status()) == before
    assert not list(own.glob(".check-*"))


def test_check_is_3_where_a_person_should_look_and_names_the_first_rows(own):
    change(own, NEGATIVE)
    told = flowledger("check")
    assert told.code == 3
    assert {name: rows for name, (_, rows) in rows_of(told).items() if rows} == {"negative_cost": 5}
    assert re.search(r"^negative_cost +warn +5 +(?:[0-9a-f-]{36}, ){3}\.\.\.$", told.out, re.MULTILINE)
    assert "warn  negative_cost: No run and no node run costs less than nothing. Broken by 5 rows such as: " in told.out


def test_check_is_1_where_readers_would_be_misled(own):
    change(own, f"{NEGATIVE}; {TWICE}")
    told = flowledger("check")
    assert told.code == 1
    assert {name: rows for name, (_, rows) in rows_of(told).items() if rows} == {"negative_cost": 5, "unique_key": 1}
    assert f"2 of {len(rows_of(told))} checks found rows." in told.out
