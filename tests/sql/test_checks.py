"""Each check finds what it claims cannot be, and nothing else.

A case in `checks/<check>/` fills `warehouse.main` and no more: rows whose `_load_id` is `now` are those that this
commit wrote, and are put into `stage_<table>` and `changed_<table>`; all others were there before. `uid(7)` is an id.
The first line of `dirty.sql` names the keys that are to be found, once for each row.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline import warehouse
from pipeline.check import gather_written, run_checks
from pipeline.errors import LoadError
from pipeline.rows import TERMINAL
from pipeline.schema import duckdb_type
from pipeline.tables import EXTRA, OBSERVED, TABLES
from tests.house.tree import ROOT

CASES = Path(__file__).parent / "checks"
FILES = {path.stem: path for path in sorted((ROOT / "sql" / "checks").rglob("*.sql"))}
OPEN = {"queued", "dispatching", "running"}

each_check = pytest.mark.parametrize("name", FILES)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    con = warehouse.connect(tmp_path_factory.mktemp("home") / "warehouse.duckdb", None)
    con.execute("CREATE TEMP MACRO uid(n) AS ('018f0000-0000-7000-8000-' || lpad(n::BIGINT::VARCHAR, 12, '0'))::UUID")
    yield con
    con.close()


@pytest.fixture
def con(opened):
    """A commit about to be checked; rolled back afterwards."""
    opened.execute("BEGIN TRANSACTION")
    for table in TABLES.values():
        columns = ", ".join(f'"{c.name}" {duckdb_type(c.type)}' for c in (*table.columns, EXTRA, *OBSERVED))
        opened.execute(f"CREATE TEMP TABLE stage_{table.name} ({columns})")
        opened.execute(f"CREATE TEMP TABLE changed_{table.name} (id UUID, action VARCHAR, old_day DATE, new_day DATE)")
    yield opened
    opened.execute("ROLLBACK")


def severity(name: str) -> str:
    return FILES[name].parent.name


def case(name: str, state: str) -> str:
    return (CASES / name / f"{state}.sql").read_text(encoding="utf-8")


def written(con, name: str) -> None:
    """Put what the case wrote into the tables of this commit."""
    columns = ", ".join(f'"{column}"' for column in TABLES[name].stage_schema.names)
    con.execute(f"INSERT INTO stage_{name} SELECT {columns} FROM warehouse.main.{name} WHERE _load_id = 'now'")
    con.execute(
        f"INSERT INTO changed_{name} BY NAME SELECT id, 'insert' AS action FROM warehouse.main.{name} "
        "WHERE _load_id = 'now'"
    )


def checked(con, severity: str, load_id: str) -> list:
    gather_written(con, load_id)
    return run_checks(con, severity, load_id)


def found(con, name: str, sql: str) -> list:
    con.execute(sql)
    for table in TABLES:
        written(con, table)
    return [finding for finding in checked(con, severity(name), "load") if finding.check == name]


@each_check
def test_a_check_is_silent_where_its_claim_holds(con, name):
    assert found(con, name, case(name, "clean")) == []


@each_check
def test_a_check_finds_every_row_that_breaks_its_claim_and_no_other(con, name):
    sql = case(name, "dirty")
    expected = re.fullmatch(r"-- Found: (.+)\.", sql.splitlines()[0])[1].split(", ")
    (finding,) = found(con, name, sql)
    keys = [str(row[0]) for row in con.execute(FILES[name].read_text(encoding="utf-8")).fetchall()]
    assert [key.removeprefix("018f0000-0000-7000-8000-").lstrip("0") for key in keys] == expected
    assert finding.rows == len(expected)
    assert finding.severity == severity(name)
    assert keys[0] in finding.detail


@each_check
def test_a_commit_that_writes_nothing_finds_nothing(con, name):
    con.execute(case(name, "dirty"))
    assert [each.check for each in checked(con, severity(name), "load") if each.check == name] == []


@each_check
def test_a_check_says_what_to_do(name):
    header = [line for line in FILES[name].read_text(encoding="utf-8").splitlines() if line.startswith("--")]
    assert header[-1].startswith("-- What to do: ")
    assert header[-1].endswith(".")


def test_every_case_belongs_to_a_check():
    assert {path.name for path in CASES.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", [path.stem for path in FILES.values() if path.parent.name == "fail"])
def test_a_check_of_keys_looks_at_every_table(name):
    text = FILES[name].read_text(encoding="utf-8")
    looked_at = re.findall(r"'(\w+)' AS stored_in.+FROM (?:written|stage|changed)_(\w+)", text)
    assert all(told == read for told, read in looked_at)
    assert {read for _, read in looked_at} == set(TABLES)


def test_every_status_that_ends_a_run_is_known():
    text = FILES["status_unknown"].read_text(encoding="utf-8")
    assert set(re.findall(r"'(\w+)'", text)) == TERMINAL | OPEN


def test_a_finding_tells_the_claim_the_number_three_samples_and_what_to_do(con):
    (finding,) = found(
        con,
        "negative_cost",
        "INSERT INTO warehouse.main.runs BY NAME "
        "SELECT uid(n) AS id, -0.50 AS cost, 'now' AS _load_id FROM range(5) AS r(n)",
    )
    assert finding.rows == 5
    assert finding.detail == (
        "No run and no node run costs less than nothing. Broken by 5 rows such as: "
        "018f0000-0000-7000-8000-000000000000 (stored_in runs, cost -0.5), "
        "018f0000-0000-7000-8000-000000000001 (stored_in runs, cost -0.5), "
        "018f0000-0000-7000-8000-000000000002 (stored_in runs, cost -0.5). "
        "What to do: ask the vendor whether it is a refund; the cost is stored and added up as it was given."
    )


def test_a_finding_tells_an_amount_to_its_last_digit(con):
    cost = "-12345678901234567890.123456789012345678"
    (finding,) = found(
        con,
        "negative_cost",
        f"INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, {cost} AS cost, 'now' AS _load_id",
    )
    assert f"cost {cost})" in finding.detail


def test_findings_come_in_the_order_of_their_checks(con):
    con.execute(
        "INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, -1 AS cost, -1 AS duration_ms, "
        "'paused' AS status_code, 'now' AS _load_id"
    )
    written(con, "runs")
    assert [each.check for each in checked(con, "warn", "load")] == [
        "negative_cost", "negative_duration", "status_unknown",
    ]  # fmt: skip


def test_a_row_changed_twice_in_a_commit_is_no_duplicate(con):
    con.execute("INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, 'now' AS _load_id")
    written(con, "runs")
    con.execute("INSERT INTO changed_runs BY NAME SELECT uid(1) AS id, 'update' AS action")
    assert checked(con, "fail", "load") == []


def test_a_duplicate_is_found_where_the_batch_names_no_run(con):
    con.execute(
        "INSERT INTO warehouse.main.logs BY NAME SELECT uid(1) AS id, uid(2) AS run_id, 'before' AS _load_id "
        "UNION ALL BY NAME SELECT uid(1) AS id, 'now' AS _load_id"
    )
    written(con, "logs")
    assert [each.check for each in checked(con, "fail", "load")] == ["unique_key"]


def test_a_row_that_the_batch_names_without_its_run_is_checked_as_stored(con):
    con.execute(
        "INSERT INTO warehouse.main.runs BY NAME SELECT uid(2) AS id, 'before' AS _load_id; "
        "INSERT INTO warehouse.main.node_runs BY NAME "
        "SELECT uid(1) AS id, uid(2) AS run_id, -1 AS cost, 'now' AS _load_id;"
    )
    written(con, "node_runs")
    con.execute("UPDATE stage_node_runs SET run_id = NULL, cost = NULL")
    assert [each.check for each in checked(con, "warn", "load")] == ["negative_cost"]


def test_a_check_that_cannot_run_stops_the_commit_and_is_named(con):
    con.execute("ALTER TABLE stage_models DROP COLUMN _observation")
    with pytest.raises(LoadError, match=r"sql/checks/fail/null_key\.sql cannot run in load 17: .*_observation"):
        checked(con, "fail", "17")


def test_having_no_checks_is_an_error_and_no_success(con):
    with pytest.raises(LoadError, match="no checks in sql/checks/other"):
        checked(con, "other", "load")


def test_a_missing_table_of_the_batch_stops_the_commit(con):
    con.execute("DROP TABLE changed_flows")
    with pytest.raises(LoadError, match=r"written_by_id\.sql cannot run in load 17: .*changed_flows"):
        checked(con, "warn", "17")
