"""What readers see: every relation answers, and none of them names a person or holds a signature."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace

import duckdb

from pipeline.sandbox import serve, truth
from tests.product import SMALL, nightly, settings_for

PERSONAL = {"email", "last_name"}
MAY_BE_EMPTY = {"ledger.drift", "ledger.findings", "ledger.reconciliation", "ledger.rejects", "ledger.open_runs"}


def test_every_published_table_view_and_mart_can_be_read_and_names_no_person(tmp_path):
    with serve(replace(SMALL, signing="url")) as box:
        nightly(settings_for(box, tmp_path))
        flows = truth(box.config).flows.values()
    secrets = {text for flow in flows for key, text in flow["created_by_user"].items() if key in PERSONAL and text}
    names = duckdb.connect(str(tmp_path / "published" / "flowledger.duckdb"), read_only=True)
    with closing(names) as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database()"
        ).fetchall()
        read = {name: con.execute(f"SELECT * FROM {name}").fetchall() for (name,) in found}
    assert len(read["main.users"]) == len({flow["created_by_user"]["id"] for flow in flows})
    assert {name for name, rows in read.items() if not rows} <= MAY_BE_EMPTY
    told = str(read)
    assert secrets
    assert [secret for secret in secrets if secret in told] == []
    assert re.findall(r"X-Amz-\w+|Signature=", told) == []
