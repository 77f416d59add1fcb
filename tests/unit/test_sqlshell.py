"""What `flowledger sql` prints, and what it refuses."""

from __future__ import annotations

import csv
import io
import json

import duckdb
import pytest

from pipeline.errors import UsageError
from pipeline.sqlshell import query


@pytest.fixture
def home(tmp_path):
    """A published database with a view over a file that the view knows by another folder's name."""
    published = tmp_path / "published"
    published.mkdir()
    db = duckdb.connect(str(published / "flowledger.duckdb"))
    db.execute(f"COPY (SELECT 1 AS id) TO '{published / 'a.parquet'}'")
    db.execute(f"SET VARIABLE published = '{published}'")
    db.execute("CREATE VIEW runs AS FROM read_parquet([coalesce(getvariable('published'), '/mnt') || '/a.parquet'])")
    db.execute(
        "CREATE TABLE kinds AS SELECT 0.1::DECIMAL(38, 18) AS cost, TIMESTAMPTZ '2026-11-24 01:00:00+01' AS moment, "
        "'{\"a\": 0.10000000000000000001}'::JSON AS free, NULL AS none, true AS yes, 'a \"b\"\n,c' AS text, "
        "[1.50, NULL]::DECIMAL(4, 2)[] AS list, DATE '2026-11-24' AS day, 'NaN'::DOUBLE AS odd, 3 AS number"
    )
    db.close()
    return tmp_path


def test_a_table_is_readable_by_a_person(home):
    assert query(home, "SELECT cost, moment, none, yes, number, day FROM kinds", "table").splitlines() == [
        "cost  moment                none  yes   number  day",
        "----  --------------------  ----  ----  ------  ----------",
        "0.1   2026-11-24T00:00:00Z        true       3  2026-11-24",
    ]


def test_csv_follows_its_standard(home):
    text = query(home, "SELECT cost, text, none, list FROM kinds UNION ALL BY NAME SELECT 2 AS cost", "csv")
    assert text.startswith('cost,text,none,list\n0.1,"a ""b""\n,c",,"[""1.5"", null]"\n')
    assert list(csv.reader(io.StringIO(text, newline="")))[2] == ["2", "", "", ""]


def test_json_keeps_every_digit_of_decimals_and_of_stored_json(home):
    text = query(home, "SELECT * FROM kinds", "json")
    assert '{"a": 0.10000000000000000001}' in text
    [row] = json.loads(text)
    assert (row["cost"], row["moment"], row["day"]) == ("0.1", "2026-11-24T00:00:00Z", "2026-11-24")
    assert (row["none"], row["odd"], row["yes"], row["number"]) == (None, None, True, 3)
    assert row["list"] == ["1.5", None]


@pytest.mark.parametrize(("format", "empty"), [("table", "id\n(no rows)"), ("csv", "id"), ("json", "[]")])
def test_no_rows_are_no_error(home, format, empty):
    assert query(home, "SELECT id FROM runs WHERE false", format) == empty


def test_a_long_table_says_how_much_it_leaves_out_and_csv_does_not(home):
    lines = query(home, "SELECT range AS n FROM range(1234)", "table").splitlines()
    assert len(lines) == 2 + 1000 + 1
    assert lines[-1] == "... and 234 more rows; --format csv or json prints all of them"
    assert len(query(home, "SELECT range AS n FROM range(1234)", "csv").splitlines()) == 1 + 1234


def test_a_long_value_is_cut_in_a_table_which_says_so_and_nowhere_else(home):
    text = "SELECT repeat('x', 200) AS long, 1 AS short"
    assert query(home, text, "table").splitlines()[2:] == [
        f"{'x' * 79}\u2026      1",
        "Long values end in \u2026 here; --format csv or json prints them whole",
    ]
    assert "x" * 200 in query(home, text, "csv")


def test_a_plan_keeps_its_lines(home):
    assert len(query(home, "EXPLAIN SELECT id FROM runs", "table").splitlines()) > 3


def test_columns_of_one_name_are_told_apart(home):
    assert json.loads(query(home, "SELECT 1 AS a, 2 AS a", "json")) == [{"a": 1, "a_2": 2}]


def test_the_views_work_although_readers_know_the_folder_by_another_name(home):
    assert query(home, "SELECT id FROM runs", "csv") == "id\n1"


@pytest.mark.parametrize(
    "text", ["SHOW TABLES", "DESCRIBE runs", "SUMMARIZE runs", "EXPLAIN SELECT 1", "FROM runs", "PIVOT kinds ON yes"]
)
def test_every_way_to_look_is_allowed(home, text):
    assert query(home, text, "table")


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM kinds",
        "CREATE TABLE x AS SELECT 1",
        "CREATE TABLE x AS SELECT 1; SELECT 1",
        "COPY (SELECT 1) TO '{home}/published/x.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{home}/published/x.csv'",
        "EXPLAIN /* so */ ANALYZE COPY (SELECT 1) TO '{home}/published/x.csv'",
        "SELECT 1; EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{home}/published/x.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{home}/published/x.csv'; SELECT 1",
        "ATTACH '{home}/published/x.csv'; SELECT 1",
        "EXPORT DATABASE '{home}/published/x.csv'",
        "SET enable_external_access = true",
        "SELECT * FROM read_text('/etc/passwd')",
        "",
        "-- nothing",
    ],
)
def test_what_does_more_than_read_is_refused_in_one_line(home, text):
    before = sorted(home.rglob("*"))
    with pytest.raises(UsageError) as refused:
        query(home, text.format(home=home), "table")
    assert "\n" not in str(refused.value)
    assert sorted(home.rglob("*")) == before


def test_an_error_is_one_line_that_helps(home):
    with pytest.raises(
        UsageError, match=r"^Catalog Error: Table with name run does not exist! Did you mean \"runs\"\?$"
    ):
        query(home, "SELECT * FROM run", "table")


def test_before_the_first_publish_it_says_what_to_run(tmp_path):
    with pytest.raises(UsageError, match=r"Run: flowledger nightly$"):
        query(tmp_path, "SELECT 1", "table")
    assert list(tmp_path.iterdir()) == []
