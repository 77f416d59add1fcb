"""Rows to Arrow: one table per declared table, in the schema that the merge stages. Pure transposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.columns import Columns
from pipeline.rows import Row
from pipeline.tables import EXTRA, OBSERVED, TABLES, Table
from pipeline.values import POSITION_BITS

# Arrow's own keeps a third more memory than it gives out, and is no faster here.
pa.set_memory_pool(pa.system_memory_pool())


def flatten(
    rows: Mapping[str, Sequence[Row]], fetched_at: Mapping[int, datetime], lines: Sequence[pa.Table] = ()
) -> dict[str, pa.Table]:
    """Arrow tables by name, each in its `stage_schema`.

    fetched_at: by load and page of the observation. lines: logs that came by columns.
    """
    tables = {name: _table(table, rows[name], fetched_at) for name, table in TABLES.items()}
    return {**tables, "logs": pa.concat_tables([*lines, tables["logs"]])} if lines else tables


def flatten_columns(name: str, columns: Columns) -> pa.Table:
    """The same for rows that are in columns already."""
    table = TABLES[name]
    arrays = [_array(values, column.type) for values, column in zip(columns.values, table.columns, strict=True)]
    rows = len(columns)
    observed = (
        pa.repeat(pa.scalar(columns.fetched_at, OBSERVED[0].type), rows),
        pa.array(columns.observations, OBSERVED[1].type),
        pa.array(columns.absent, OBSERVED[2].type),
        pa.repeat(pa.scalar(False, OBSERVED[3].type), rows),
    )
    extra = pa.ExtensionArray.from_storage(EXTRA.type, pa.nulls(rows, EXTRA.type.storage_type))
    return pa.Table.from_arrays([*arrays, extra, *observed], schema=table.stage_schema)


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
