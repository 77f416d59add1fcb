"""What the ledger keeps for histories to be made of it: the columns of `<table>_sightings` and of `price_lists`."""

from __future__ import annotations

from pipeline.tables import BOOL, INT, TABLES, TEXT, TIME, UUID, Column, Table

SIGHTED = (
    Column("_digest", TEXT, "Digest of what the copies say, and of which columns they say nothing about."),
    Column("_missing", BOOL, "True where the row was missing from a complete list instead."),
    Column("_absent", INT, "Bit i is set where the copies say nothing about tracked column i of the table."),
    Column("_dated", BOOL, "Whether the copies carry an updated_at; if not, the newest seen before stands for it."),
    Column("_first_updated_at", TIME, "The source's updated_at in the first look."),
    Column("_first_observation", INT, "Order of the first look in the ledger."),
    Column("_first_seen_at", TIME, "When the page of the first look was received."),
    Column("_last_updated_at", TIME, "The source's updated_at in the last look."),
    Column("_last_observation", INT, "Order of the last look in the ledger."),
    Column("_last_seen_at", TIME, "The newest time at which it was seen."),
    Column("_open", BOOL, "Whether nothing that comes later contradicts it: one more look only extends it."),
)

OF_PRICE_LISTS = (
    Column("model_id", UUID, "The model."),
    Column("rules", TEXT, "Ids of the rules that the list held, in order, with a space between."),
    Column("first_read_at", TIME, "When it was first received."),
    Column("last_read_at", TIME, "When it was last received."),
)


def _sightings(table: Table) -> tuple[Column, ...]:
    known = (column for column in table.columns if column.tracked or column.name == "created_at")
    return (table.columns[0], *known, *SIGHTED)


OF_SIGHTINGS: dict[str, tuple[Column, ...]] = {t.name: _sightings(t) for t in TABLES.values() if t.history}
