"""Each check finds what it claims cannot be, and nothing else.

A case in `checks/<check>/` fills `warehouse.main` and `warehouse.ledger`. For a check of a commit, rows whose
`_load_id` is `now` are those that this commit wrote, and are put into `stage_<table>` and `changed_<table>`; all
others were there before. A check of a load is asked as of NOW about a load that read [START, NOW). `uid(7)` is an id.
The first line of `dirty.sql` names the keys that are to be found, once for each row.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import check, warehouse
from pipeline.check import CHECKS, run_checks, run_load_checks
from pipeline.errors import LoadError
from pipeline.rows import TERMINAL
from pipeline.schema import duckdb_type
from pipeline.tables import EXTRA, OBSERVED, TABLES
from pipeline.values import short
from pipeline.written import gather_written

CASES = Path(__file__).parent / "checks"
FILES = {path.stem: path for path in sorted(CHECKS.rglob("*.sql"))}
OF_A_COMMIT = {each.name: each.of_a_commit for severity in ("fail", "warn") for each in check.checks(severity)}
OPEN = {"queued", "dispatching", "running"}
KINDS = ("stage", "changed", "written")
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
START = datetime(2026, 11, 10, tzinfo=UTC)

each_check = pytest.mark.parametrize("name", FILES)
each_check_of_a_commit = pytest.mark.parametrize("name", [name for name in FILES if OF_A_COMMIT[name]])


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
    day = f"({TABLES[name].day} AT TIME ZONE 'UTC')::DATE" if TABLES[name].day else "NULL"
    con.execute(
        f"INSERT INTO changed_{name} BY NAME SELECT id, 'insert' AS action, {day} AS new_day "
        f"FROM warehouse.main.{name} WHERE _load_id = 'now'"
    )


def checked(con, severity: str, load_id: str) -> list:
    gather_written(con, load_id, TABLES)
    return run_checks(con, severity, load_id, {f"{kind}_{name}" for kind in KINDS for name in TABLES})


def asked_of_a_load(con, severity: str, start: datetime | None = START) -> list:
    """Ask the checks of a load that read [start, NOW); None of one that read no span."""
    arguments = {"from": short(start), "to": short(NOW)} if start else {"log": "1"}
    con.execute(
        "INSERT INTO warehouse.ledger.loads (load_id, number, arguments) VALUES ('now', 900, $arguments)",
        {"arguments": json.dumps(arguments)},
    )
    return run_load_checks(con, severity, "now", NOW)


def found(con, name: str, sql: str) -> list:
    con.execute(sql)
    if not OF_A_COMMIT[name]:
        return [finding for finding in asked_of_a_load(con, severity(name)) if finding.check == name]
    for table in TABLES:
        written(con, table)
    return [finding for finding in checked(con, severity(name), "load") if finding.check == name]


def keys_found(con, name: str) -> list[str]:
    """Every key that the check finds, without what all ids have in common."""
    (asked,) = [each for each in check.checks(severity(name)) if each.name == name]
    (answer,) = check.ask(con, [asked], {"now": NOW, "start": START, "end": NOW}, "test", 1000)
    keys = [str(next(iter(row.values()))) for row in answer.first]
    return [key.removeprefix("018f0000-0000-7000-8000-").lstrip("0") for key in keys]


@each_check
def test_a_check_is_silent_where_its_claim_holds(con, name):
    assert found(con, name, case(name, "clean")) == []


@each_check
def test_a_check_finds_every_row_that_breaks_its_claim_and_no_other(con, name):
    sql = case(name, "dirty")
    expected = re.fullmatch(r"-- Found: (.+)\.", sql.splitlines()[0])[1].split(", ")
    findings = found(con, name, sql)
    assert keys_found(con, name) == expected
    assert sum(finding.rows for finding in findings) == len(expected)
    assert {(finding.check, finding.severity) for finding in findings} == {(name, severity(name))}
    assert re.search(rf"{expected[0]}(?: \(.+\))?[,.]", findings[0].detail)


@each_check_of_a_commit
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


@pytest.mark.parametrize("name", ["null_key", "unique_key"])
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
    with pytest.raises(LoadError, match=r"What load 17 wrote into flows cannot be read back: .*changed_flows"):
        checked(con, "warn", "17")


def test_a_check_of_what_has_no_rows_is_not_asked(con):
    con.execute("INSERT INTO warehouse.main.runs BY NAME SELECT uid(1) AS id, -1 AS cost, 'now' AS _load_id")
    written(con, "runs")
    gather_written(con, "load", TABLES)
    told = [run_checks(con, "warn", "load", filled) for filled in ({"stage_runs"}, {"written_runs"})]
    assert [[each.check for each in found] for found in told] == [[], ["negative_cost"]]


def open_since_january(numbers: str) -> str:
    return (
        "INSERT INTO warehouse.ledger.open_runs (run_id, created_at) "
        f"SELECT uid(n), '2026-01-01 00:00:00Z' FROM range({numbers}) AS r(n)"
    )


def test_a_load_is_told_of_each_row_alone_so_that_what_is_known_stays_in_its_words(con):
    (told,) = found(con, "open_too_long", open_since_january("1, 2"))
    con.execute("DELETE FROM warehouse.ledger.loads")
    assert [each == told for each in found(con, "open_too_long", open_since_january("2, 3"))] == [True, False]
    assert told.detail.startswith("No run has been open for more than 30 days. Broken by 1 row: 018f0000-")
    assert told.rows == 1


def test_a_load_is_told_of_many_rows_at_once(con):
    (told,) = found(con, "open_too_long", open_since_january("11"))
    assert told.rows == 11
    assert "Broken by 11 rows such as: " in told.detail


def test_a_load_that_read_no_span_is_asked_nothing(con):
    con.execute(case("open_too_long", "dirty"))
    assert asked_of_a_load(con, "warn", start=None) == []


def days_of_runs(con, first: str, days: int, last_runs: int) -> None:
    """So many days of 40 runs, read whole, and then one of `last_runs`."""
    con.execute(
        f"INSERT INTO warehouse.ledger.windows BY NAME SELECT '{first} 00:00:00Z'::TIMESTAMPTZ AS runs_from, "
        f"'{first} 00:00:00Z'::TIMESTAMPTZ + INTERVAL {days + 1} DAY AS runs_to, 'done' AS status"
    )
    con.execute(
        "INSERT INTO warehouse.main.runs BY NAME "
        f"SELECT uid(d.n * 100 + r.i) AS id, '{first} 12:00:00Z'::TIMESTAMPTZ + d.n * INTERVAL 1 DAY AS created_at "
        f"FROM range({days + 1}) AS d(n), range(40) AS r(i) WHERE d.n < {days} OR r.i < {last_runs}"
    )


@pytest.mark.parametrize(("days", "told"), [(6, []), (7, ["day_totals_outside_band"])])
def test_totals_of_a_day_are_judged_after_seven_others(con, days, told):
    days_of_runs(con, "2026-11-11", days, 0)
    assert [each.check for each in asked_of_a_load(con, "warn")] == told


def test_a_day_is_told_with_what_is_usual(con):
    days_of_runs(con, "2026-11-11", 8, 3)
    (finding,) = asked_of_a_load(con, "warn")
    assert "Broken by 1 row: 2026-11-19 (measure runs, amount 3, usual 40). What to do: " in finding.detail


def test_two_bad_days_of_four_weeks_do_not_hide_the_next(con):
    days_of_runs(con, "2026-10-13", 28, 0)
    con.execute("DELETE FROM warehouse.main.runs WHERE created_at BETWEEN '2026-11-05' AND '2026-11-07'")
    assert "2026-11-10" in [each.detail.split(": ")[1][:10] for each in asked_of_a_load(con, "warn")]


SILENCE = [
    pytest.param(8, "2026-11-24 06:00:00Z", ["freshness"], id="silent"),
    pytest.param(7, "2026-11-24 06:00:00Z", [], id="less than a week of rows"),
    pytest.param(1, "2026-11-24 06:00:00Z", [], id="one row"),
    pytest.param(8, "2026-11-24 06:00:00.000001Z", [], id="a load that ends before the watermark"),
    pytest.param(8, None, [], id="no watermark"),
]


@pytest.mark.parametrize(("rows", "watermark", "told"), SILENCE)
def test_silence_is_told_where_it_can_be_known(con, rows, watermark, told):
    if watermark:
        con.execute(f"INSERT INTO warehouse.ledger.watermarks (name, value) VALUES ('nightly', '{watermark}')")
    con.execute(
        "INSERT INTO warehouse.main.logs BY NAME SELECT uid(n) AS id, "
        f"'2026-11-12 06:00:00Z'::TIMESTAMPTZ - n * INTERVAL 1 DAY AS \"timestamp\" FROM range({rows}) AS r(n)"
    )
    assert [each.check for each in asked_of_a_load(con, "warn")] == told


def test_a_check_is_given_the_parameters_that_it_names_and_no_others(con, tmp_path, monkeypatch):
    (tmp_path / "warn").mkdir()
    (tmp_path / "warn" / "now.sql").write_text(
        "-- Nobody names $start.\nSELECT $now AS key, -- not $start\n$end AS until;\n"
    )
    monkeypatch.setattr(check, "CHECKS", tmp_path)
    (finding,) = asked_of_a_load(con, "warn")
    assert finding.detail == "Nobody names $start. Broken by 1 row: 2026-11-24T06:00Z (until 2026-11-24T06:00Z)."


def test_a_load_is_asked_about_the_range_it_was_given_and_the_windows_it_read(con, tmp_path, monkeypatch):
    (tmp_path / "warn").mkdir()
    (tmp_path / "warn" / "span.sql").write_text("-- The span.\nSELECT $start AS key, $end AS until;\n")
    monkeypatch.setattr(check, "CHECKS", tmp_path)
    con.execute(
        "INSERT INTO warehouse.ledger.windows (load_number, start_at, end_at, status) VALUES "
        "(900, '2026-11-08 00:00:00Z', '2026-11-09 00:00:00Z', 'done'), "
        "(900, '2026-11-01 00:00:00Z', '2026-11-02 00:00:00Z', 'failed'), "
        "(899, '2026-11-01 00:00:00Z', '2026-11-02 00:00:00Z', 'done')"
    )
    (finding,) = asked_of_a_load(con, "warn")
    assert "2026-11-08T00:00Z (until 2026-11-24T06:00Z)" in finding.detail


def test_the_first_days_of_who_begins_are_no_anomaly(con):
    sql = """
    INSERT INTO warehouse.ledger.windows (runs_from, runs_to, status)
    VALUES ('2026-10-01 00:00:00Z', '2026-11-24 00:00:00Z', 'done');
    INSERT INTO warehouse.main.runs BY NAME
    SELECT uid(r.i) AS id, '2026-11-12 00:00:00Z'::TIMESTAMPTZ + r.i * INTERVAL 30 MINUTE AS created_at, 0.1 AS cost
    FROM range(600) AS r(i)
    """
    assert found(con, "day_totals_outside_band", sql) == []
