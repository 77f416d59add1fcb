"""The SQL of the twelve views, made from their declaration: sql/views/<name>.sql."""

from __future__ import annotations

import json

import pyarrow as pa

from pipeline.tables import BOOL, INT, JSON, MONEY, REAL, TIME, UUID, Column
from pipeline.views import View

# A cast to DECIMAL(38,18) or BIGINT rounds what does not fit, and a time without offset takes the reader's zone:
# only text that is exact passes to the cast.
EXACT_MONEY = r"[-+]?(\d*\.?\d{0,18}0*|\d+[eE][-+]?(\d|1[0-8])|\d*\.\d{1,8}[eE][-+]?\d)"
EXACT_WHOLE = r"-?\d+"
WITH_OFFSET = r".*(Z|[-+]\d\d:?\d\d)"


def view_sql(view: View) -> str:
    """A whole file: the claim, then one SELECT over `main.flows` or `main.models`."""
    claim = f"-- {view.grain[0].upper()}{view.grain[1:]}; a value that does not fit its type is NULL."
    fields = ",\n".join(f"    {_field(view, column)}" for column in view.fields)
    known = json.dumps(dict.fromkeys((*(c.name for c in view.fields), *view.unlisted)))
    rest = f"    nullif(json_merge_patch(item, '{known}')::VARCHAR, '{{}}') AS extra"
    body = _list(view) if view.is_list else _object(view)
    return f"{claim}\nSELECT\n{fields},\n{rest}{body}\n"


def _list(view: View) -> str:
    column, _, key = view.path.partition("[].")
    parents = (
        f"    FROM (\n        SELECT id, json_extract({column}, '$[*]') AS items\n"
        f"        FROM main.{view.table}\n        WHERE json_valid({column})\n    )\n"
    )
    if key:
        parents = (
            "    FROM (\n        SELECT try_cast(item->>'$.id' AS UUID) AS id, "
            f"json_extract(item, '$.{key}[*]') AS items\n"
            f"        FROM (\n            SELECT unnest(json_extract({column}, '$[*]')) AS item\n"
            f"            FROM main.{view.table}\n            WHERE json_valid({column})\n        )\n    )\n"
        )
    return (
        ",\n    _position\nFROM (\n"
        "    SELECT id::VARCHAR AS parent_id, unnest(items) AS item, unnest(range(len(items))) AS _position\n"
        f"{parents})\nWHERE json_type(item) = 'OBJECT'\nORDER BY {view.parent}, _position"
    )


def _object(view: View) -> str:
    return (
        f"\nFROM (SELECT id AS parent_id, {view.path} AS item, _observation FROM main.{view.table} "
        f"WHERE json_valid({view.path}))\nWHERE json_type(item) = 'OBJECT' AND (item->>'$.id') IS NOT NULL\n"
        "QUALIFY row_number() OVER (PARTITION BY (item->>'$.id') ORDER BY _observation DESC, parent_id) = 1\n"
        "ORDER BY id"
    )


def _field(view: View, column: Column) -> str:
    text = f"item->>'$.{column.name}'"
    value = _typed(text, column.type)
    if column.type == JSON:
        value = f"nullif((item->'$.{column.name}')::VARCHAR, 'null')"
    if column.name == view.parent:
        value = f"coalesce({value}, parent_id)"
    return f"{value} AS {column.name}"


def _typed(text: str, type: pa.DataType) -> str:
    casts = {
        UUID: f"try_cast({text} AS UUID)::VARCHAR",
        BOOL: f"try_cast({text} AS BOOLEAN)",
        REAL: f"try_cast({text} AS DOUBLE)",
        INT: f"try_cast(regexp_extract({text}, '^{EXACT_WHOLE}$') AS BIGINT)",
        TIME: f"try_cast(regexp_extract({text}, '^{WITH_OFFSET}$') AS TIMESTAMPTZ)",
        MONEY: f"try_cast(regexp_extract({text}, '^{EXACT_MONEY}$') AS DECIMAL(38,18))",
    }
    return casts.get(type, text)
