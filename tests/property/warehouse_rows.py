"""Rows for the merge, made by hand: what flatten would hand over, with every column that is not named empty."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline.tables import Table


def staged(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """An Arrow table in the table's stage schema; ids as UUID objects, JSON as text."""
    arrays = []
    for field in table.stage_schema:
        values = [row.get(field.name) for row in rows]
        if isinstance(field.type, pa.BaseExtensionType):
            raw = [value.bytes if hasattr(value, "bytes") else value for value in values]
            arrays.append(pa.ExtensionArray.from_storage(field.type, pa.array(raw, field.type.storage_type)))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=table.stage_schema)
