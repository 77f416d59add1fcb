"""Unknown keys inside the lists of a flow or model: they are kept in the list, and named here.

The known keys are those of the typed views over these lists.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from pipeline.canonical import value_of
from pipeline.nested import VIEWS
from pipeline.views import View


def unknown_inside(kind: str, wire: Any) -> list[str]:
    """Paths such as `nodes[].inputs[].x` of keys that no view knows, each once."""
    found: dict[str, None] = {}
    for view in VIEWS.values():
        if view.table == kind:
            column, _, inner = view.path.partition("[].")
            raw = getattr(wire, column, UNSET)
            if isinstance(raw, Raw) and raw:
                for item in _objects(value_of(bytes(raw)), inner):
                    found |= {f"{view.path}{'[]' if view.is_list else ''}.{key}": None for key in _unknown(view, item)}
    return list(found)


def _objects(value: Any, inner: str) -> list[dict[str, Any]]:
    held = value if isinstance(value, list) else [value]
    objects = [item for item in held if isinstance(item, dict)]
    if not inner:
        return objects
    lists = [item.get(inner) for item in objects]
    return [item for items in lists if isinstance(items, list) for item in items if isinstance(item, dict)]


def _unknown(view: View, item: dict[str, Any]) -> list[str]:
    known = {column.name for column in view.fields} | set(view.unlisted)
    return [key for key in item if key not in known]
