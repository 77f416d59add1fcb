"""The writer's file: made, recognised, refused, and all or nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

from pipeline import warehouse
from pipeline.errors import StorageError, UsageError, WrongSource
from pipeline.ledger_tables import LEDGER
from pipeline.merge import merge
from pipeline.stage import stage
from pipeline.tables import TABLES
from pipeline.values import Merged
from tests.property.warehouse_rows import staged

SOURCE = ("https://api.example", "org-1")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN, FLOW = UUID("019a0000-0000-7000-8000-000000000001"), UUID("5f9d7a30-3f4e-4c1b-9a55-000000000001")


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


def as_if_made_before(path: Path, *changes: str) -> None:
    """A file that an earlier version made, with a row in it."""
    con = opened(path)
    con.execute("INSERT INTO warehouse.ledger.loads (load_id, number) VALUES ('first', 1)")
    for change in changes:
        con.execute(change)
    con.execute("UPDATE warehouse.ledger.meta SET value = 'another' WHERE name = 'schema'")
    con.close()


def columns(con) -> set[tuple[str, ...]]:
    rows = con.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'warehouse'"
    )
    return set(rows.fetchall())


def test_an_older_file_gets_the_tables_and_columns_that_were_declared_since_and_keeps_its_rows(path: Path, tmp_path):
    as_if_made_before(
        path,
        "DROP TABLE warehouse.ledger.drift",
        "DROP TABLE warehouse.main.flows_history",
        "ALTER TABLE warehouse.ledger.loads DROP COLUMN arguments",
        "ALTER TABLE warehouse.ledger.loads DROP COLUMN status",
        "ALTER TABLE warehouse.main.runs DROP COLUMN extra",
        "ALTER TABLE warehouse.main.runs DROP COLUMN cost",
        "ALTER TABLE warehouse.main.pricing_history DROP COLUMN valid_to",
    )
    old, new = opened(path), opened(tmp_path / "new.duckdb")
    assert columns(old) == columns(new)
    assert old.execute("SELECT load_id, number, status FROM warehouse.ledger.loads").fetchall() == [("first", 1, None)]
    old.close()
    new.close()


def test_an_older_file_is_brought_forward_once(path: Path):
    as_if_made_before(path, "ALTER TABLE warehouse.ledger.loads DROP COLUMN arguments")
    opened(path).close()
    before = path.read_bytes()
    opened(path).close()
    assert path.read_bytes() == before


def test_a_column_that_came_later_takes_rows_like_any_other(path: Path):
    as_if_made_before(path, "ALTER TABLE warehouse.main.runs DROP COLUMN flow_id")
    con = opened(path)
    row = {"id": RUN, "flow_id": FLOW, "_observation": 1, "_absent": 0, "_terminal": True}
    stage(con, TABLES["runs"], staged(TABLES["runs"], [row]))
    with warehouse.transaction(con):
        assert merge(con, TABLES["runs"], "second", NOW) == Merged(inserted=1)
    assert con.execute("SELECT id, flow_id FROM warehouse.main.runs").fetchall() == [(RUN, FLOW)]
    con.close()


def test_a_row_has_no_information_on_a_column_that_came_later(path: Path):
    as_if_made_before(
        path,
        "INSERT INTO warehouse.main.flows (id, _absent) VALUES ('019a0000-0000-7000-8000-000000000001', 1 << 9)",
        "INSERT INTO warehouse.ledger.models_sightings (_absent) VALUES (0)",
        "ALTER TABLE warehouse.main.flows DROP COLUMN slug",
        "ALTER TABLE warehouse.ledger.models_sightings DROP COLUMN slug",
    )
    con = opened(path)
    bits = {name: 1 << [column.name for column in TABLES[name].columns].index("slug") for name in ("flows", "models")}
    assert con.execute("SELECT _absent FROM warehouse.main.flows").fetchall() == [(bits["flows"] | 1 << 9,)]
    assert con.execute("SELECT _absent FROM warehouse.ledger.models_sightings").fetchall() == [(bits["models"],)]
    con.close()


def test_a_batch_without_rows_is_staged_in_the_same_columns(path: Path):
    con = opened(path)
    for table in TABLES.values():
        described = []
        for rows in ([{"id": RUN, "_observation": 1}], []):
            stage(con, table, staged(table, rows))
            described.append(con.execute(f"DESCRIBE stage_{table.name}").fetchall())
        assert described[0] == described[1]
        assert con.execute(f"SELECT count(*) AS n FROM stage_{table.name}").fetchall() == [(0,)]
    con.close()


def test_who_writes_uses_one_thread_and_who_reads_everything_more(path: Path):
    con = opened(path)
    seen = [con.execute("SELECT current_setting('threads') AS threads").fetchall()[0][0]]
    warehouse.spread(con)
    seen.append(con.execute("SELECT current_setting('threads') AS threads").fetchall()[0][0])
    assert seen == [1, warehouse.threads_for(warehouse.MANY_ROWS)]
    con.close()


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
