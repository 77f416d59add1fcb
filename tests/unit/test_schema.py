"""The DDL is the declarations, written out."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.ledger_tables import LEDGER
from pipeline.schema import ddl, duckdb_type, history_columns
from pipeline.tables import TABLES


def test_every_declared_type_has_a_name_in_duckdb():
    for table in (*TABLES.values(), *LEDGER.values()):
        columns = table.stored if hasattr(table, "stored") else table.columns
        assert all(duckdb_type(column.type) for column in columns)


def test_money_is_exact():
    assert duckdb_type(pa.decimal128(38, 18)) == "DECIMAL(38, 18)"


def test_a_type_that_nobody_declared_is_refused():
    with pytest.raises(TypeError):
        duckdb_type(pa.int8())


@pytest.mark.parametrize("name", [t.name for t in TABLES.values() if t.history])
def test_a_history_holds_the_tracked_columns_and_nothing_that_merely_counts(name):
    names = [column.name for column in history_columns(TABLES[name])]
    assert names[:4] == ["id", "valid_from", "valid_to", "assumed"]
    assert names[-2:] == ["_load_id", "_row_hash"]
    assert len(names) == len(set(names))
    assert not {"run_count", "avg_duration", "cost_per_run"} & set(names)


def test_the_file_is_the_same_every_time():
    assert ddl() == ddl()
