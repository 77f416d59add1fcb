"""What the tables keep of the past: versions of tracked columns (SCD2), and marks of rows that the source dropped.

Part of the transaction of a commit, after the merge. In: `changed_<table>`, `stage_<table>` and the merged tables. Out:
rows of `<table>_history`, marks in `runs._gone_at` and `pricing._removed_at`; what was marked is added to `changed_*`.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import pyarrow as pa

from pipeline.digest import digest_of
from pipeline.statements import sql_text
from pipeline.tables import TIME, Table
from pipeline.warehouse import given

Connection = duckdb.DuckDBPyConnection


def keep_versions(con: Connection, table: Table, load_id: str) -> None:
    """Append a version for each changed row whose tracked columns changed, and end the one before it."""
    if not con.execute(f"SELECT 1 AS one FROM changed_{table.name} LIMIT 1").fetchall():
        return
    tracked = [column for column in table.columns if column.tracked]
    ends = [f"t.{name}" for name in ("disabled_at", "deleted_at", "_removed_at") if name in table.schema.names]
    names = {
        "table": table.name,
        "digest": digest_of(tracked, "t"),
        "ends": f"least({', '.join(ends)})" if ends else "NULL::TIMESTAMPTZ",
        "tracked": ", ".join(f'v."{column.name}"' for column in tracked),
    }
    con.execute(sql_text("history/versions.sql").format(**names))
    con.execute(sql_text("history/close.sql").format(**names))
    con.execute(sql_text("history/append.sql").format(**names), {"load": load_id})


def mark_gone_runs(con: Connection, gone: dict[str, datetime], load_id: str, now: datetime) -> int:
    """Mark stored runs that the API answered 404 for; returns how many were not marked before. Their spend stays.

    gone: run id -> when the API said so.
    """
    if not gone:
        return 0
    rows = pa.table({"id": list(gone), "gone_at": pa.array(list(gone.values()), TIME)})
    with given(con, "given_gone", rows):
        con.execute(sql_text("history/gone_runs.sql"))
    con.execute(
        "UPDATE warehouse.main.runs AS r SET _gone_at = g.gone_at, _loaded_at = $now, _load_id = $load "
        "FROM gone_now AS g WHERE r.id = g.id",
        {"now": now, "load": load_id},
    )
    return _also_changed(con, "runs", "SELECT g.id, 'update' AS action, g.day, g.day FROM gone_now AS g")


def mark_removed_pricing(con: Connection, complete: dict[str, datetime], load_id: str, now: datetime) -> int:
    """Mark stored price rules that vanished from a complete list; returns how many were not marked before.

    complete: model id -> when the list was received. Whether a rule vanished is told by the rules of this batch.
    """
    if not complete:
        return 0
    rows = pa.table({"model_id": list(complete), "read_at": pa.array(list(complete.values()), TIME)})
    with given(con, "given_complete", rows):
        con.execute(sql_text("history/removed_pricing.sql"))
    con.execute(
        "UPDATE warehouse.main.pricing AS p SET _removed_at = r.read_at, _loaded_at = $now, _load_id = $load "
        "FROM removed_now AS r WHERE p.id = r.id",
        {"now": now, "load": load_id},
    )
    con.execute(
        "UPDATE warehouse.main.pricing_history AS h SET valid_to = greatest(r.read_at, h.valid_from) "
        "FROM removed_now AS r WHERE h.id = r.id AND h.valid_to IS NULL"
    )
    return _also_changed(con, "pricing", "SELECT r.id, 'update' AS action, NULL, NULL FROM removed_now AS r")


def _also_changed(con: Connection, table: str, rows: str) -> int:
    """Add marked rows to what the merge changed; returns how many were marked."""
    marked = con.execute(f"SELECT count(*) AS marked FROM ({rows}) AS m").fetchall()[0][0]
    con.execute(
        f"INSERT INTO changed_{table} SELECT m.* FROM ({rows}) AS m WHERE m.id NOT IN "
        f"(SELECT c.id FROM changed_{table} AS c)"
    )
    return int(marked)
