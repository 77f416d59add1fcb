"""What BI reads: each mart against results reckoned by hand.

A case is a folder in `marts/`: `setup.sql` fills the published tables, `<mart>.csv` is what the mart then holds.
"""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipeline.dictionary import create_empty
from pipeline.rows import TERMINAL
from pipeline.statements import SQL

HERE = Path(__file__).parent / "marts"
MARTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((SQL / "marts").glob("*.sql"))}
CASES = sorted(HERE.glob("*/*.csv"))
READ = {
    "VARCHAR": str,
    "BIGINT": int,
    "DOUBLE": lambda text: pytest.approx(float(text), rel=1e-12),
    "DECIMAL(38,18)": Decimal,
    "BOOLEAN": {"true": True, "false": False}.__getitem__,
    "DATE": date.fromisoformat,
    "TIMESTAMP WITH TIME ZONE": datetime.fromisoformat,
}


@pytest.fixture(params=[("UTC", "JSON"), ("Asia/Tokyo", "VARCHAR")], ids=["utc", "tokyo-and-json-as-text"])
def con(request):
    zone, json = request.param
    con = duckdb.connect(":memory:")
    con.execute(f"SET TimeZone = '{zone}'")
    create_empty(con, json)
    yield con
    con.close()


def types(con, mart: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {MARTS[mart]}").fetchall()}


def expected(path: Path, columns: dict[str, str]) -> list[tuple]:
    """The rows of a file; an empty field is NULL."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(columns)
    return [
        tuple(READ[kind](text) if text else None for text, kind in zip(row, columns.values(), strict=True))
        for row in rows
    ]


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_mart_holds_what_was_reckoned_by_hand(con, path):
    con.execute((path.parent / "setup.sql").read_text(encoding="utf-8"))
    assert con.execute(MARTS[path.stem]).fetchall() == expected(path, types(con, path.stem))


def test_every_mart_is_reckoned_in_some_case():
    assert {path.stem for path in CASES} == set(MARTS)


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_of_empty_tables_is_empty(con, mart):
    assert con.execute(MARTS[mart]).fetchall() == []


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_becomes_a_table_as_it_stands(con, mart):
    con.execute("CREATE SCHEMA marts")
    con.execute(f"CREATE TABLE marts.{mart} AS {MARTS[mart]}")
    con.execute(f"SELECT m.* FROM ({MARTS[mart]}) AS m")


@pytest.mark.parametrize("mart", MARTS)
def test_money_is_exact_ratios_are_double_and_counts_are_whole(con, mart):
    for name, kind in types(con, mart).items():
        assert kind in READ, name
        assert (kind == "DECIMAL(38,18)") == name.endswith("_usd"), name
        assert (kind == "DOUBLE") == (name.endswith("_rate") or name[:1] + name[3:] == "p_ms"), name


@pytest.mark.parametrize("mart", [mart for mart, sql in MARTS.items() if "failed" in sql])
def test_every_way_to_fail_counts_as_failed(con, mart):
    con.executemany(
        "INSERT INTO runs (id, flow_id, status_code, _terminal) VALUES (?, 'f', ?, true)", [[s, s] for s in TERMINAL]
    )
    if "failed" in types(con, mart):
        ways = TERMINAL - {"succeeded", "partial_succeeded", "canceled", "cancelled"}
        assert con.execute(f"SELECT sum(m.failed) FROM ({MARTS[mart]}) AS m").fetchall() == [(len(ways),)]


def test_every_run_of_a_day_counts_once_whatever_its_status(con):
    statuses = [*TERMINAL, "queued", "running", "a word of tomorrow", None]
    con.executemany(
        "INSERT INTO runs (id, status_code, _terminal, _gone_at) VALUES (?, ?, ?, ?)",
        [[f"{s}{gone}", s, s in TERMINAL, gone] for s in statuses for gone in (None, "2026-11-24T00:00:00Z")],
    )
    total = "m.succeeded + m.partial_succeeded + m.failed + m.canceled + m.open_runs + m.gone_runs"
    found = con.execute(
        f"SELECT m.runs, {total}, m.open_runs, m.gone_runs FROM ({MARTS['spend_by_day']}) AS m"
    ).fetchall()
    assert found == [(2 * len(statuses), 2 * len(statuses), 4, 4)]


@pytest.mark.parametrize("case", sorted({path.parent for path in CASES}), ids=lambda path: path.name)
@pytest.mark.parametrize("mart", [mart for mart, sql in MARTS.items() if mart.startswith("spend") or "totals" in mart])
def test_spend_and_runs_add_up_to_the_whole_however_they_are_cut(con, case, mart):
    con.execute((case / "setup.sql").read_text(encoding="utf-8"))
    whole = con.execute("SELECT count(*), coalesce(sum(r.cost), 0) FROM runs AS r").fetchall()
    assert con.execute(f"SELECT sum(m.runs), sum(m.spend_usd) FROM ({MARTS[mart]}) AS m").fetchall() == whole


def test_a_list_of_the_dearest_ends_at_one_hundred(con):
    con.execute("INSERT INTO runs (id, cost) SELECT i::VARCHAR, i FROM range(1, 251) AS t(i)")
    places = con.execute(f"SELECT m.place, m.cost_usd FROM ({MARTS['most_expensive_runs']}) AS m").fetchall()
    assert places == [(place, Decimal(251 - place)) for place in range(1, 101)]
