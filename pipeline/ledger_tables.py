"""What the ledger keeps: its tables, declared once like the stored ones. In: nothing. Out: `LEDGER`, name -> table.

The ledger decides what is done, what is covered and what is open; Prefect only shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.tables import BOOL, INT, JSON, MONEY, TEXT, TIME, UUID, Column


@dataclass(frozen=True, slots=True)
class LedgerTable:
    """One table of the schema `ledger`."""

    name: str
    grain: str
    columns: tuple[Column, ...]


META = LedgerTable(
    "meta",
    "one row per fact about this warehouse",
    (
        Column("name", TEXT, "schema_version, source_url or organization."),
        Column("value", TEXT, "Its value; NULL when the organisation was not named."),
    ),
)

LOADS = LedgerTable(
    "loads",
    "one row per command that writes",
    (
        Column("load_id", TEXT, "When the load began and its number: names sort in time."),
        Column("number", INT, "Counts the loads from 1; the first part of every observation."),
        Column("command", TEXT, "nightly, backfill, log, replay or rejects."),
        Column("arguments", JSON, "What the command was given."),
        Column("began_at", TIME, "When it began."),
        Column("ended_at", TIME, "When it ended; NULL while it runs."),
        Column("status", TEXT, "running, done, failed or interrupted."),
        Column("exit_code", INT, "What the command returned."),
        Column("windows", INT, "Windows committed."),
        Column("requests", INT, "Requests sent, retries included."),
        Column("retries", INT, "Requests tried again."),
        Column("wire_bytes", INT, "Bytes received, as compressed by the API."),
        Column("inserted", INT, "Rows that were new, over all tables."),
        Column("updated", INT, "Rows that had changed."),
        Column("unchanged", INT, "Rows read that were stored already."),
        Column("removed", INT, "Rows marked as removed at the source."),
        Column("rejected", INT, "Rows set aside."),
        Column("findings", INT, "Things a person should know."),
        Column("published", TEXT, "The version readers saw afterwards; NULL when nothing was published."),
    ),
)

WINDOWS = LedgerTable(
    "windows",
    "one row per commit, and one per failed attempt at a window",
    (
        Column("load_id", TEXT, "The load it belongs to."),
        Column("load_number", INT, "Number of that load."),
        Column("commit_number", INT, "Which commit of the load; NULL for a failed window."),
        Column("command", TEXT, "The command that asked."),
        Column("start_at", TIME, "Start of the window; NULL for a commit without a span."),
        Column("end_at", TIME, "Exclusive end of the window."),
        Column("logs", BOOL, "Whether logs of the window were asked for."),
        Column("runs", BOOL, "Whether runs of the window were asked for."),
        Column("logs_from", TIME, "From here on logs, by timestamp, are now read whole; NULL when none are."),
        Column("logs_to", TIME, "To here, exclusive."),
        Column("runs_from", TIME, "From here on runs, by created_at, are now read whole; NULL when none are."),
        Column("runs_to", TIME, "To here, exclusive."),
        Column("status", TEXT, "done or failed."),
        Column("message", TEXT, "Why it failed."),
        Column("committed_at", TIME, "When it was committed, or when it failed."),
    ),
)

WATERMARKS = LedgerTable(
    "watermarks",
    "one row per schedule",
    (
        Column("name", TEXT, "nightly."),
        Column("value", TIME, "Logs before this moment were read without a break; it never moves back."),
        Column("load_id", TEXT, "The load that moved it last."),
        Column("moved_at", TIME, "When it moved last."),
    ),
)

OPEN_RUNS = LedgerTable(
    "open_runs",
    "one row per run that has not ended",
    (
        Column("run_id", UUID, "The run."),
        Column("created_at", TIME, "When the run was created."),
        Column("first_seen_at", TIME, "When it was first read as open."),
        Column("last_read_at", TIME, "When it was last read."),
        Column("reads", INT, "How often it was read while open."),
    ),
)

DIRTY_PARTITIONS = LedgerTable(
    "dirty_partitions",
    "one row per partition that changed since it was last published",
    (
        Column("table_name", TEXT, "The stored table."),
        Column("partition", TEXT, "A UTC day (YYYY-MM-DD), unknown (no day), or all (exported whole)."),
    ),
)

REJECTS = LedgerTable(
    "rejects",
    "one row per row that could not be loaded, however often it was read",
    (
        Column("reject_id", TEXT, "Derived from what was rejected and where it failed."),
        Column("object", TEXT, "Kind of object that was set aside: the smallest that failed."),
        Column("row_id", TEXT, "Its id, where it has one."),
        Column("path", TEXT, "Where in the object it failed."),
        Column("reason", TEXT, "Why."),
        Column("raw", TEXT, "The object as it was received."),
        Column("request", TEXT, "The request that brought it."),
        Column("sha256", TEXT, "The landed page that holds it."),
        Column("observation", INT, "Order of the newest sighting."),
        Column("first_seen_at", TIME, "When it was first received."),
        Column("last_seen_at", TIME, "When it was last received."),
        Column("times", INT, "How often it was received."),
        Column("load_id", TEXT, "The load that saw it last."),
        Column("recorded_at", TIME, "When that was written down."),
        Column("status", TEXT, "open; loaded once a good copy arrived; discarded by hand."),
        Column("resolved_at", TIME, "When it stopped being open."),
    ),
)

DRIFT = LedgerTable(
    "drift",
    "one row per field or code that the declaration does not expect",
    (
        Column("table_name", TEXT, "Where it was found."),
        Column("path", TEXT, "Its path in the object."),
        Column("kind", TEXT, "What is unexpected about it."),
        Column("first_seen_at", TIME, "When it was first seen."),
        Column("last_seen_at", TIME, "When it was last seen."),
        Column("count", INT, "How often."),
        Column("sample_id", TEXT, "Id of a row that has it."),
    ),
)

FINDINGS = LedgerTable(
    "findings",
    "one row per thing a person should know",
    (
        Column("load_id", TEXT, "The load that found it."),
        Column("check_name", TEXT, "The rule."),
        Column("severity", TEXT, "warn or fail."),
        Column("detail", TEXT, "What, where, and what to do."),
        Column("rows", INT, "How many rows it is about."),
        Column("found_at", TIME, "When."),
    ),
)

RECONCILIATION = LedgerTable(
    "reconciliation",
    "one row per comparison of a UTC day with the source's totals; the newest row per day counts",
    (
        Column("day", TEXT, "The UTC day, YYYY-MM-DD."),
        Column("status", TEXT, "ok, healed, provisional, mismatch or unavailable."),
        Column("runs_here", INT, "Runs stored."),
        Column("runs_there", INT, "Runs the source counts."),
        Column("spend_here", MONEY, "Cost stored, in USD."),
        Column("spend_there", MONEY, "Cost the source counts, in USD."),
        Column("explanation", TEXT, "What a difference looks like."),
        Column("checked_at", TIME, "When."),
        Column("load_id", TEXT, "The load that compared."),
    ),
)

LEDGER: dict[str, LedgerTable] = {
    t.name: t
    for t in (
        META,
        LOADS,
        WINDOWS,
        WATERMARKS,
        OPEN_RUNS,
        DIRTY_PARTITIONS,
        REJECTS,
        DRIFT,
        FINDINGS,
        RECONCILIATION,
    )
}
