"""What the ledger keeps: its tables, declared once like the stored ones. In: nothing. Out: `LEDGER`, name -> table.

The ledger decides what is done, what is covered and what is open; Prefect only shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.history_tables import OF_PRICE_LISTS, OF_SIGHTINGS
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
        Column("command", TEXT, "nightly, backfill, log, reconcile, rejects replay or forget."),
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
        Column("privacy", TEXT, "The privacy policy that its rows follow; a replay gives them the policy in force."),
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
    "one row per field that is unknown, missing or of another type, and per code that was never seen before",
    (
        Column("table_name", TEXT, "Where it was found."),
        Column("path", TEXT, "Its path in the object; empty for the object itself; * for all that are too many."),
        Column("kind", TEXT, "unknown, missing or type, of a field; code, of the value of a code."),
        Column("first_seen_at", TIME, "When the page that showed it first was received."),
        Column("last_seen_at", TIME, "When the page that showed it last was received; a missing field: to the load."),
        Column("count", INT, "Rows read that show it; a row that is read again counts again."),
        Column("sample_id", TEXT, "Id of a row that shows it."),
        Column("detail", TEXT, "Type of an unknown field; what came instead of what; the code. NULL when missing."),
    ),
)

FIELDS = LedgerTable(
    "fields",
    "one row per commit and table that it read rows of",
    (
        Column("load_number", INT, "Number of the load."),
        Column("commit_number", INT, "Which commit of the load."),
        Column("table_name", TEXT, "The stored table."),
        Column("rows", INT, "Rows read."),
        Column("carried", INT, "Bit i is set when a row had the key of column i of the table, be it null."),
        Column("read_at", TIME, "When the newest page of these rows was received."),
        Column("sample_id", TEXT, "Id of one of the rows."),
    ),
)

CODES = LedgerTable(
    "codes",
    "one row per value of a code that was ever read, up to a bound per column",
    (
        Column("table_name", TEXT, "The stored table."),
        Column("column_name", TEXT, "Its column."),
        Column("value", TEXT, "The code as the API spells it."),
        Column("first_seen_at", TIME, "When the page that showed it first was received."),
        Column("last_seen_at", TIME, "When the newest page of the commit that showed it last was received."),
        Column("count", INT, "Rows read that have it; a row that is read again counts again."),
        Column("sample_id", TEXT, "Id of the row that had it first."),
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
        Column("runs_here", INT, "Runs stored that the source should count; those that are gone there are not."),
        Column("runs_there", INT, "Runs the source counts."),
        Column("spend_here", MONEY, "Their cost as stored, in USD."),
        Column("spend_there", MONEY, "Cost the source counts, in USD, as exact as it is printed."),
        Column("explanation", TEXT, "What a difference looks like, or what was left out for the two to be equal."),
        Column("checked_at", TIME, "When the source was asked; later for every comparison of a day."),
        Column("load_id", TEXT, "The load that compared."),
        Column("decimals", INT, "To how many decimals spend was compared: as many as the source prints."),
        Column("open_runs", INT, "Runs of the day that had not ended."),
        Column("open_spend", MONEY, "What those cost so far, in USD."),
        Column("gone_runs", INT, "Runs of the day that are stored and that the source no longer has."),
    ),
)

TOUCHED_DAYS = LedgerTable(
    "touched_days",
    "one row per UTC day whose runs have changed since they were last compared with the source's totals",
    (Column("day", TEXT, "The UTC day, YYYY-MM-DD."),),
)

INCOMPLETE_RUNS = LedgerTable(
    "incomplete_runs",
    "one row per run that has ended and of which the source says to have more than is stored",
    (
        Column("run_id", UUID, "The run."),
        Column("missing", TEXT, "logs or node_runs."),
        Column("created_at", TIME, "When the run was created."),
        Column("expected", INT, "How many there are at least, as far as the run tells."),
        Column("stored", INT, "How many are stored."),
        Column("first_seen_at", TIME, "When that was first noticed."),
        Column("last_asked_at", TIME, "When the source was last asked for them by the run's id."),
        Column("asks", INT, "How often it was asked."),
    ),
)

FORGOTTEN = LedgerTable(
    "forgotten",
    "one row per person who is not to come back, as keyed digests that name nobody",
    (
        Column("digest", TEXT, "Keyed digest of the person's id or e-mail address; the key is in privacy.key."),
        Column("kind", TEXT, "user or mail."),
        Column("forgotten_at", TIME, "When the person was first forgotten."),
        Column("load_id", TEXT, "The load that did it."),
    ),
)

FORGOTTEN_RUNS = LedgerTable(
    "forgotten_runs",
    "one row per run that a forgotten person created: what comes later of it is emptied",
    (
        Column("run_id", UUID, "The run."),
        Column("load_id", TEXT, "The load that found it."),
    ),
)

PRICE_LISTS = LedgerTable(
    "price_lists", "one row per complete list of a model's price rules, as long as it stayed the same", OF_PRICE_LISTS
)

SIGHTINGS: dict[str, LedgerTable] = {
    name: LedgerTable(f"{name}_sightings", f"one row per state in which a row of {name} was seen unbroken", columns)
    for name, columns in OF_SIGHTINGS.items()
}

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
        FIELDS,
        CODES,
        FINDINGS,
        RECONCILIATION,
        TOUCHED_DAYS,
        INCOMPLETE_RUNS,
        FORGOTTEN,
        FORGOTTEN_RUNS,
        PRICE_LISTS,
        *SIGHTINGS.values(),
    )
}
