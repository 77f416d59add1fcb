"""Rows to Arrow: one table per declared table, in the schema that the merge stages. Pure transposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.rows import Row
from pipeline.tables import EXTRA, TABLES, Table
from pipeline.values import POSITION_BITS


def flatten(rows: Mapping[str, Sequence[Row]], fetched_at: Mapping[int, datetime]) -> dict[str, pa.Table]:
    """Arrow tables by name, each in its `stage_schema`. fetched_at: by load and page of the observation."""
    return {name: _table(table, rows[name], fetched_at) for name, table in TABLES.items()}


def _table(table: Table, rows: Sequence[Row], fetched_at: Mapping[int, datetime]) -> pa.Table:
    columns = list(zip(*(row.values for row in rows), strict=True)) or [()] * len(table.columns)
    arrays = [_array(values, column.type) for values, column in zip(columns, table.columns, strict=True)]
    observed: list[list[Any]] = [
        [fetched_at[row.observation >> POSITION_BITS] for row in rows],
        [row.observation for row in rows],
        [row.absent for row in rows],
        [row.terminal for row in rows],
    ]
    schema = table.stage_schema
    arrays.append(_array([row.extra for row in rows], EXTRA.type))
    arrays += [pa.array(values, schema.field(len(arrays) + i).type) for i, values in enumerate(observed)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], type: pa.DataType) -> pa.Array:
    if isinstance(type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(type, pa.array(values, type.storage_type))
    return pa.array(values, type)
