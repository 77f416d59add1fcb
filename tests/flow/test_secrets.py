"""The key and the queries of signed URLs: after everything that the product does, no file, line or error tells them.

What Prefect keeps is searched beside its other tests, which share one server.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace

import duckdb
import pytest

from pipeline import landing
from pipeline.errors import FlowledgerError
from pipeline.inflate import inflate
from pipeline.sandbox import serve, truth
from tests.command import KEY, NIGHT, SIGNED, WORLD, environment, flowledger

POISON = ("log:wrong-type", "run:bad-cost", "node_run:over-scale", "model:wrong-type")
DAY = ("--from", "2025-11-19", "--to", "2025-11-20")
SECRETIVE = replace(
    WORLD, runs_per_day=4, logs_per_run=3, poison=POISON, poison_every=5, signing="url", signature="mixed"
)


class Heard(logging.Handler):
    """Everything that anybody logs, whole: message, arguments and traceback."""

    def __init__(self):
        super().__init__(level=logging.DEBUG)
        self.lines = []
        self.setFormatter(logging.Formatter())

    def emit(self, record):
        self.lines.append(self.format(record) + repr(record.args))


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """A home after every command, on good nights and bad ones: home, what was said, logged, and raised."""
    home = tmp_path_factory.mktemp("life") / "home"
    heard, raised, said = Heard(), [], []
    original = FlowledgerError.__init__

    def remembered(self, *args):
        raised.append(" ".join(map(str, args)))
        original(self, *args)

    with serve(SECRETIVE) as box, environment(home, box) as patch:
        root = logging.getLogger()
        level = root.level
        root.addHandler(heard)
        root.setLevel(logging.DEBUG)
        patch.setattr(FlowledgerError, "__init__", remembered)
        try:
            said += [flowledger(*command) for command in commands(box, patch)]
        finally:
            root.removeHandler(heard)
            root.setLevel(level)
    return home, said, heard.lines, raised


def commands(box, patch):
    """One command after another; what the API and the environment are like changes in between."""
    yield NIGHT
    yield ("doctor",)
    yield from (("status",), ("status", "--json"), ("rejects", "list"), ("rejects", "replay"), ("check",))
    first = flowledger("rejects", "list").out.splitlines()[2].split()[0]
    yield from (("rejects", "show", first), ("rejects", "discard", first))
    yield from (("sql", "FROM runs", "--format", "json"), ("sql", "FROM node_runs", "--format", "json"))
    yield ("sql", "SELECT no_such_column FROM runs")
    yield ("log", next(iter(truth(box.config).logs)))
    patch.setenv("FLOWLEDGER_PATIENCE", "0.1s")
    for trouble in ({"page_cap": 3, "cursor_repeats_after": 1}, {"server_error_every": 1}, {"error_in_200_every": 2}):
        box.configure(**trouble)
        yield ("backfill", *DAY)
        box.configure(page_cap=500, cursor_repeats_after=0, server_error_every=0, error_in_200_every=0)
    box.configure(unauthorized_after=1)
    yield NIGHT
    yield ("doctor",)
    patch.setenv("RUNFLOW_API_KEY", f"{KEY} with a space")
    yield NIGHT
    patch.setenv("RUNFLOW_API_KEY", KEY)
    patch.setenv("RUNFLOW_API_URL", f"https://{KEY}@api.runflow.io")
    yield ("status",)
    patch.setenv("RUNFLOW_API_URL", box.url)
    user = next(run["created_by"] for run in truth(box.config).runs.values())
    yield from (("forget", "--user", user, "--dry-run"), ("forget", "--user", user), ("replay",), ("publish",))


def test_the_life_was_as_eventful_as_it_should_be(life):
    home, said, logged, raised = life
    assert {told.code for told in said} >= {0, 1, 2, 3}
    assert any("Changed" in told.out and "landed pages" in told.out for told in said)
    assert any("did not accept the key" in text for text in raised)
    assert len(raised) > 5
    assert any("/v1/" in line for line in logged)
    pages = [page for record in landing.records(home / "raw") for page in record.pages]
    assert any(SIGNED.search(inflate(landing.read_body(home / "raw", page).body, page.encoding)) for page in pages)


def test_nothing_said_logged_or_raised_holds_the_key_or_a_signature(life):
    _, said, logged, raised = life
    for text in [*(told.said for told in said), *logged, *raised]:
        assert KEY not in text
        assert not SIGNED.search(text.encode()), text[:300]


def test_no_file_holds_the_key_and_none_but_the_landed_pages_a_signature(life):
    home = life[0]
    for path in (each for each in home.rglob("*") if each.is_file()):
        content = path.read_bytes()
        assert KEY.encode() not in content, path
        assert path.is_relative_to(home / "raw") or not SIGNED.search(content), path
    for record in landing.records(home / "raw"):
        for page in record.pages:
            assert KEY.encode() not in inflate(landing.read_body(home / "raw", page).body, page.encoding)


@pytest.mark.parametrize("name", ["warehouse.duckdb", "published/flowledger.duckdb"])
def test_no_table_or_view_holds_the_key_or_a_signature(life, name):
    with closing(duckdb.connect(str(life[0] / name), read_only=True)) as db:
        names = db.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        names += db.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert ("main", "runs") in names
        for schema, table in names:
            held = str(db.execute(f'FROM "{schema}"."{table}"').fetchall())
            assert KEY not in held, table
            assert not SIGNED.search(held.encode()), table
