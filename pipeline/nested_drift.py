"""Names the keys of an object that nobody declared, at its top and inside the lists of a flow or model.

The first are kept in `extra`, the others in their list, of which the typed views say the known keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Raw

from pipeline.canonical import value_of
from pipeline.nested import VIEWS
from pipeline.retyped import json_type, type_of
from pipeline.tables import TABLES

VIEWS_OF = {name: tuple(view for view in VIEWS.values() if view.table == name) for name in TABLES}


def unknown(kind: str, extra: Mapping[str, Raw], wire: Any) -> dict[str, str | None]:
    """Paths such as `x` and `nodes[].inputs[].x` of unknown keys, each once, with the JSON type of its value."""
    found = {name: json_type(bytes(raw)) for name, raw in extra.items()} if extra else {}
    return found | _inside(kind, wire) if VIEWS_OF[kind] else found


def _inside(kind: str, wire: Any) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for view in VIEWS_OF[kind]:
        column, _, inner = view.path.partition("[].")
        raw = getattr(wire, column, UNSET)
        if isinstance(raw, Raw) and raw:
            known = {field.name for field in view.fields}.union(view.unlisted)
            for item in _objects(value_of(bytes(raw)), inner):
                for key in item.keys() - known:
                    path = f"{view.path}{'[]' if view.is_list else ''}.{key}"
                    found[path] = found.get(path) or type_of(item[key])
    return dict(sorted(found.items()))


def _objects(value: Any, inner: str) -> list[dict[str, Any]]:
    held = value if isinstance(value, list) else [value]
    objects = [item for item in held if isinstance(item, dict)]
    if not inner:
        return objects
    lists = [item.get(inner) for item in objects]
    return [item for items in lists if isinstance(items, list) for item in items if isinstance(item, dict)]
