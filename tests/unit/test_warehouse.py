"""The writer's file: made, recognised, refused, and all or nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipeline import warehouse
from pipeline.errors import StorageError, UsageError, WrongSource
from pipeline.ledger_tables import LEDGER
from pipeline.tables import TABLES

SOURCE = ("https://api.example", "org-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "warehouse.duckdb"


def opened(path: Path, **options):
    return warehouse.connect(path, options.pop("source", SOURCE), **options)


def tables(con) -> set[str]:
    rows = con.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'warehouse'")
    return {f"{schema}.{name}" for schema, name in rows.fetchall()}


def test_a_new_warehouse_has_every_declared_table(path: Path):
    con = opened(path)
    history = {f"main.{t.name}_history" for t in TABLES.values() if t.history}
    assert tables(con) == {f"main.{t}" for t in TABLES} | history | {f"ledger.{t}" for t in LEDGER}
    con.close()


def test_opening_it_again_changes_nothing(path: Path):
    opened(path).close()
    before = path.read_bytes()
    opened(path).close()
    assert path.read_bytes() == before


def test_every_connection_is_in_utc(path: Path):
    con = opened(path)
    assert con.execute("SELECT '2026-01-01 00:00:00+02'::TIMESTAMPTZ::VARCHAR AS t").fetchone()[0].startswith("2025-12")
    con.close()


def test_a_stored_arrow_table_fits_the_declared_one(path: Path):
    con = opened(path)
    for table in TABLES.values():
        empty = table.schema.empty_table()
        con.register("batch", empty)
        con.execute(f"INSERT INTO warehouse.main.{table.name} BY NAME SELECT * FROM batch")
        con.unregister("batch")
        stored = con.sql(f"SELECT * FROM warehouse.main.{table.name}").to_arrow_table()
        assert stored.schema.names == table.schema.names
    con.close()


@pytest.mark.parametrize("other", [("https://api.other", "org-1"), ("https://api.example", "org-2")])
def test_another_source_is_refused_with_both_named(path: Path, other):
    opened(path).close()
    with pytest.raises(WrongSource) as refused:
        opened(path, source=other)
    text = str(refused.value)
    assert refused.value.exit_code == 2
    assert SOURCE[0] in text
    assert other[0] in text
    assert "--accept-source" in text


def test_a_source_that_moved_is_accepted_once_and_then_known(path: Path):
    moved = ("https://api.other", "org-1")
    opened(path).close()
    opened(path, source=moved, accept_source=True).close()
    opened(path, source=moved).close()
    with pytest.raises(WrongSource):
        opened(path)


def test_a_command_without_a_source_takes_the_file_as_it_is(path: Path):
    opened(path).close()
    opened(path, source=None).close()
    with pytest.raises(WrongSource):
        opened(path, source=("https://api.other", None))
    opened(path).close()


def test_a_file_made_without_a_source_belongs_to_the_first_one(path: Path):
    opened(path, source=None).close()
    opened(path).close()
    with pytest.raises(WrongSource):
        opened(path, source=("https://api.other", None))


def test_a_newer_schema_is_refused_and_left_alone(path: Path):
    con = opened(path)
    con.execute("UPDATE warehouse.ledger.meta SET value = '99' WHERE name = 'schema_version'")
    con.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match="Upgrade Flowledger"):
        opened(path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_named(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 5000)
    with pytest.raises(StorageError, match="damaged or no DuckDB database"):
        opened(path)


def test_a_cut_file_is_a_storage_error(path: Path):
    opened(path).close()
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(StorageError):
        opened(path)


def test_a_file_that_is_open_elsewhere_is_a_storage_error(path: Path):
    con = opened(path)
    code = (
        "import sys; from pathlib import Path; from pipeline import warehouse, errors\n"
        "try: warehouse.connect(Path(sys.argv[1]), ('https://api.example', 'org-1'))\n"
        "except errors.StorageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    con.close()
    assert "is open in another program" in done.stdout


def test_a_path_with_a_quote_is_a_path(tmp_path: Path):
    opened(tmp_path / "it's" / "warehouse.duckdb").close()
    assert (tmp_path / "it's" / "warehouse.duckdb").exists()


def test_a_transaction_keeps_all_or_nothing(path: Path):
    con = opened(path)
    dirty = "INSERT INTO warehouse.ledger.dirty_partitions VALUES ('logs', ?)"
    with warehouse.transaction(con):
        con.execute(dirty, ["2026-01-01"])
    with pytest.raises(duckdb.Error), warehouse.transaction(con):
        con.executemany(dirty, [["2026-01-02"], ["one", "too many"]])
    assert con.execute("SELECT partition FROM warehouse.ledger.dirty_partitions").fetchall() == [("2026-01-01",)]
    con.close()


def test_a_failed_statement_leaves_the_connection_usable(path: Path):
    con = opened(path)
    with pytest.raises(Exception, match="no_such_table"), warehouse.transaction(con):
        con.execute("SELECT * FROM warehouse.main.no_such_table")
    with warehouse.transaction(con):
        con.execute("SELECT 1 AS one")
    con.close()


def test_rows_that_were_given_are_forgotten_also_after_a_failure(path: Path):
    con = opened(path)
    rows = pa.table({"id": [1, 2]})
    for _ in range(2):
        with pytest.raises(duckdb.Error), warehouse.transaction(con), warehouse.given(con, "given_ids", rows):
            con.execute("SELECT no_such_column FROM given_ids")
    with warehouse.transaction(con), warehouse.given(con, "given_ids", rows):
        assert con.execute("SELECT count(*) AS n FROM given_ids").fetchall() == [(2,)]
    with pytest.raises(duckdb.CatalogException):
        con.execute("SELECT * FROM given_ids")
    con.close()
