"""Takes people out of the quarantine: the raw text of rejected objects, and the digests of the pages that hold them.

In: a connection of `warehouse.connect`, and who is sought. Out: how many rejects changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from pipeline.outstanding import reject_id
from pipeline.scrub import scrubbed_body
from pipeline.sought import Sought
from pipeline.statements import sql_text
from pipeline.values import Reject
from pipeline.warehouse import given

READ = "reject_id, object, row_id, path, raw, sha256"


def learn_from_rejects(con: Connection, sought: Sought) -> None:
    """Learn from rejected objects what they go by and which runs are theirs."""
    for _, kind, _, _, raw, _ in _rows(con):
        scrubbed_body(kind, raw.encode(), sought)


def rejects_without(con: Connection, sought: Sought, renamed: Mapping[str, str]) -> dict[str, int]:
    """Write what is left of each reject that holds them, or whose page was renamed; counts those that held them."""
    changed: list[dict[str, str]] = []
    held = 0
    for known_as, kind, row_id, path, raw, sha256 in _rows(con):
        left = scrubbed_body(kind, raw.encode(), sought).decode()
        page = renamed.get(sha256, sha256)
        held += left != raw
        if (left, page) != (raw, sha256):
            identity = known_as if row_id else _identity(kind, path, left)
            changed.append({"known_as": known_as, "reject_id": identity, "raw": left, "sha256": page})
    if changed:
        with given(con, "given_rows", pa.Table.from_pylist(changed)):
            con.execute(sql_text("forget/rejects.sql"))
    return {"ledger.rejects": held} if held else {}


def _rows(con: Connection) -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT {READ} FROM warehouse.ledger.rejects").fetchall()


def _identity(kind: str, path: str, raw: str) -> str:
    """A reject without an id is known by its text, so it is known by another one now."""
    moment = datetime.fromtimestamp(0, UTC)
    return reject_id(Reject(kind, None, path, "", raw, "", "", 0, moment))
