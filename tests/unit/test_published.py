"""What a published version holds, and in which types."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import duckdb
import pyarrow.parquet as pq
import pytest

from pipeline import daily, manifest, readers
from pipeline.nested import VIEWS
from pipeline.parquet import EXPORTED
from pipeline.publish import publish
from tests.unit.published_home import NOW, ask, by_pattern, costs, filled, write_marts


@pytest.fixture(scope="module", autouse=True)
def few_marts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marts")
    write_marts(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "MARTS", folder)
        yield folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A home that was published once; for tests that only look. The connection is closed: readers need none."""
    home = tmp_path_factory.mktemp("shown")
    con = filled(home)
    publish(con, home, NOW, reader_root=None)
    con.close()
    return home


def test_readers_see_every_row_with_ids_as_text_and_money_exact(shown):
    assert costs(shown) == {1: Decimal("0.000000000000000001"), 2: Decimal("2.5"), 3: None}
    assert by_pattern(shown) == costs(shown)
    types = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'runs' AND NOT internal"
    assert {
        "id": "VARCHAR",
        "cost": "DECIMAL(38,18)",
        "created_at": "TIMESTAMP WITH TIME ZONE",
        "input": "JSON",
    }.items() <= dict(ask(shown, types)).items()
    assert ask(shown, "SELECT DISTINCT input->>'$.k[0]' FROM runs") == [("1",)]


def test_a_file_has_types_that_every_engine_reads_and_is_compressed(shown):
    [path] = (shown / "published/parquet/runs/day=2026-11-22").glob("*.parquet")
    file = pq.ParquetFile(path)
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["id"] == types["input"] == "string"
    assert types["cost"] == "decimal128(38, 18)"
    assert types["created_at"] == "timestamp[us, tz=UTC]"
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_table_without_rows_is_there_with_its_types(shown):
    told = manifest.read(shown / "published")
    assert told.files["pricing"] == ()
    assert ask(shown, "SELECT * FROM pricing") == ask(shown, "SELECT * FROM model_examples") == []
    assert ask(shown, "SELECT DISTINCT data_type FROM duckdb_columns() WHERE column_name = 'price'") == [
        ("DECIMAL(38,18)",)
    ]


def test_views_histories_marts_and_ledger_are_there_without_what_was_set_aside(shown):
    assert ask(shown, "SELECT slug FROM flow_nodes") == [("n",)]
    assert ask(shown, "SELECT name FROM flows_history") == [("f",)]
    assert ask(shown, "SELECT cost, runs FROM marts.a_spend WHERE day = '2026-11-23'") == [(Decimal("2.5"), 1)]
    assert ask(shown, "SELECT cost FROM marts.b_total") == [(Decimal("2.500000000000000001"),)]
    assert ask(shown, "SELECT reason FROM ledger.rejects") == [("is no amount",)]
    with pytest.raises(duckdb.BinderException):
        ask(shown, "SELECT raw FROM ledger.rejects")


def test_everything_declared_has_its_comment(shown):
    tables = "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
    told = dict(ask(shown, tables)) | dict(ask(shown, "SELECT table_name, comment FROM duckdb_tables()"))
    kept = [path.stem for path in daily.queries()]
    assert set(told) == {*EXPORTED, *VIEWS, *readers.SHOWN_LEDGER, "a_spend", "b_total", *kept}
    assert all(told.values())
    assert told["a_spend"] == "Spend per UTC day"
    silent = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND schema_name NOT IN "
    silent += "('marts', 'daily')"
    assert ask(shown, f"{silent} AND comment IS NULL") == []


def test_the_manifest_names_every_file_with_its_rows_and_digest(shown):
    told = manifest.read(shown / "published")
    text = json.loads((shown / "published/manifest.json").read_text())
    assert (text["version"], text["as_of"], text["complete"]) == (told.version, "2026-11-24T06:00:00Z", True)
    assert text["rows"]["runs"] == 3
    assert [file["partition"] for file in text["files"]["runs"]] == ["2026-11-22", "2026-11-23", "unknown"]
    for files in text["files"].values():
        for file in files:
            content = (shown / "published" / file["path"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])


def test_the_file_is_of_the_oldest_storage_version_that_is_promised(shown):
    tags = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'flowledger'"
    assert ask(shown, tags) == [("v1.4.0+",)]


def test_views_work_when_the_database_is_attached_to_another(shown):
    db = duckdb.connect()
    db.execute(f"ATTACH '{shown / 'published/flowledger.duckdb'}' AS bi (READ_ONLY)")
    assert db.execute("SELECT slug FROM bi.flow_nodes").fetchall() == [("n",)]
    assert db.execute("SELECT cost FROM bi.marts.b_total").fetchall() == [(Decimal("2.500000000000000001"),)]
    db.close()
