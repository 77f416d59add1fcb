"""A person who is forgotten: out of every page, table and file, for good; and what others and the accounts keep."""

from __future__ import annotations

import shutil
import uuid
from contextlib import closing
from dataclasses import replace

import duckdb
import pytest

from pipeline import landing, manifest, moments, warehouse
from pipeline.forget_plan import FILE
from pipeline.inflate import inflate
from pipeline.sandbox import serve, truth
from pipeline.scrub import WRITTEN
from tests.command import NIGHT, WORLD, environment, flowledger
from tests.product import dump

POISON = ("log:wrong-type", "run:bad-cost", "node_run:over-scale", "flow:wrong-type")
PEOPLE = replace(WORLD, runs_per_day=5, logs_per_run=3, poison=POISON, poison_every=5, signing="url")
KEPT = "r.id, r.status_code, r.cost, r.created_at, r.started_at, r.completed_at, r.failure_code, r.nodes_total"
SPEND = f"SELECT {KEPT} FROM warehouse.main.runs AS r ORDER BY ALL"
REJECTS = "SELECT reject_id, object, row_id, path, raw FROM warehouse.ledger.rejects WHERE status = 'open' ORDER BY ALL"


@pytest.fixture(scope="module")
def box():
    with serve(PEOPLE) as served:
        yield served


@pytest.fixture(scope="module")
def user(box):
    """The person: made a flow, created runs, and gave stars."""
    flows = truth(box.config).flows.values()
    return next(flow["created_by_user"] for flow in flows if flow["created_by_user"])


@pytest.fixture(scope="module")
def words(box, user):
    """What must be nowhere: id, e-mail, name, picture, and of what they wrote what nobody else wrote."""
    person = user["id"]
    mine, others = [], []
    for run in truth(box.config).runs.values():
        (mine if run["created_by"] == person else others).append(str(run["output"]) + str(run["context"]))
    traces = [run["context"]["trace"] for run in truth(box.config).runs.values() if run["created_by"] == person]
    alone = [trace for trace in traces if not any(trace in text for text in others)]
    assert mine
    assert alone
    name = f"{user['first_name']} {user['last_name']}"
    return [person, person.replace("-", ""), user["email"], name, user["avatar_url"], *alone]


@pytest.fixture(scope="module")
def full(box, tmp_path_factory):
    """The home of two nights that kept everything."""
    home = tmp_path_factory.mktemp("full") / "home"
    with environment(home, box, FLOWLEDGER_PRIVACY="keep"):
        assert flowledger(*NIGHT).code == 3
        assert flowledger("backfill", "--from", "2025-11-19", "--to", "2025-11-20").code in {0, 3}
    return home


@pytest.fixture
def home(full, box, tmp_path):
    own = shutil.copytree(full, tmp_path / "home", symlinks=True)
    with environment(own, box, FLOWLEDGER_PRIVACY="keep"):
        yield own


@pytest.fixture(scope="module")
def after(full, box, user, tmp_path_factory):
    """A home in which the person was forgotten, and what the command said. Tests may look at it, not change it."""
    own = shutil.copytree(full, tmp_path_factory.mktemp("after") / "home", symlinks=True)
    # As a killed replay leaves it.
    shutil.copy(own / "warehouse.duckdb", own / "warehouse.replay.duckdb")
    with environment(own, box, FLOWLEDGER_PRIVACY="keep"):
        return own, flowledger("forget", "--user", user["id"].upper())


def holders(home, words):
    """Every file, page, table and published table below the home that holds one of the words, in whatever coding."""
    sought = [word.encode() for word in words] + [uuid.UUID(words[0]).bytes, uuid.UUID(words[0]).bytes_le]
    found = {str(path) for path in home.rglob("*") if path.is_file() and _any_in(sought, path.read_bytes())}
    for path in (home / "raw" / "bodies").glob("*/*"):
        coding = path.suffix.removeprefix(".")
        if _any_in(sought, inflate(path.read_bytes(), "zstd" if coding == "zst" else coding)):
            found.add(f"page {path.name}")
    for database in (home / "warehouse.duckdb", home / "published" / manifest.DATABASE):
        with closing(duckdb.connect(str(database), read_only=True)) as db:
            tables = db.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            tables += db.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal").fetchall()
            for schema, name in tables:
                if _any_in(sought, str(db.execute(f'FROM "{schema}"."{name}"').fetchall()).encode()):
                    found.add(f"{database.name}: {schema}.{name}")
    for path in (home / "published").rglob("*.parquet"):
        if path.is_file() and _any_in(sought, str(duckdb.read_parquet(str(path)).fetchall()).encode()):
            found.add(str(path))
    return sorted(found)


def _any_in(sought, content):
    return any(word in content for word in sought)


def asked(home, query):
    with closing(warehouse.connect(home / "warehouse.duckdb", None)) as con:
        return con.execute(query).fetchall()


def test_before_the_person_is_in_pages_tables_quarantine_and_published_files(full, words):
    found = " ".join(holders(full, words))
    for place in ("page", "main.runs", "main.flows_history", "ledger.rejects", "main.flow_stars", ".parquet"):
        assert place in found


def test_afterwards_no_file_page_or_table_holds_the_person(after, words):
    home, told = after
    assert told.code == 0, told.said
    assert "every earlier version is gone" in told.out
    assert holders(home, words) == []


def test_what_the_runs_cost_and_when_they_ran_is_as_it_was(after, full, user):
    home = after[0]
    assert asked(home, SPEND) == asked(full, SPEND)
    mine = f"SELECT count(*) FROM warehouse.main.runs WHERE created_by = '{user['id']}'"
    assert asked(full, mine) > [(0,)]
    assert asked(home, mine) == [(0,)]


def test_what_others_wrote_stays(after, full, user):
    others = (
        "SELECT r.* EXCLUDE (_load_id, _loaded_at) FROM warehouse.main.runs AS r WHERE r.id IN "
        f"({', '.join(repr(row[0]) for row in others_of(full, user))}) ORDER BY id"
    )
    assert len(asked(full, others)) > 3
    assert asked(after[0], others) == asked(full, others)


def others_of(home, user):
    return asked(home, f"SELECT id::VARCHAR FROM warehouse.main.runs WHERE created_by <> '{user['id']}'")


def test_what_they_wrote_is_empty_and_counts_as_never_said(after, full, user):
    rows = f"SELECT id FROM warehouse.main.runs WHERE created_by = '{user['id']}'"
    (ids,) = zip(*asked(full, rows), strict=True)
    said = " OR ".join(f"t.{name} IS NOT NULL" for name in WRITTEN["runs"])
    left = f"SELECT t.id FROM warehouse.main.runs AS t WHERE list_contains(?::UUID[], t.id) AND ({said})"
    with closing(warehouse.connect(after[0] / "warehouse.duckdb", None)) as con:
        assert con.execute(left, [list(ids)]).fetchall() == []
        lines = "SELECT message, meta FROM warehouse.main.logs WHERE list_contains(?::UUID[], run_id)"
        assert set(con.execute(lines, [list(ids)]).fetchall()) == {(None, None)}


def test_a_replay_gives_exactly_the_tables_and_the_quarantine_as_they_then_are(after, box, tmp_path):
    home = shutil.copytree(after[0], tmp_path / "home", symlinks=True)
    before = dump(home), asked(home, REJECTS)
    with environment(home, box, FLOWLEDGER_PRIVACY="keep"):
        assert flowledger("replay").code == 0
    assert (dump(home), asked(home, REJECTS)) == before


def test_a_later_night_that_reads_the_person_again_lands_and_stores_nothing_of_them(after, box, words, tmp_path):
    home = shutil.copytree(after[0], tmp_path / "home", symlinks=True)
    with environment(home, box, FLOWLEDGER_PRIVACY="keep"):
        before = dump(home)
        assert flowledger(*NIGHT).code in {0, 3}
        assert holders(home, words) == []
        assert dump(home) == before
        written = "SELECT inserted, updated FROM warehouse.ledger.loads ORDER BY number DESC LIMIT 1"
        assert asked(home, written) == [(0, 0)]


@pytest.mark.parametrize("where", ["forget-record", "forget-tables", "before-manifest"])
def test_stopped_anywhere_it_is_finished_by_running_it_again(home, user, words, after, monkeypatch, where):
    def stop(name):
        if name == where:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(moments, "reached", stop)
        assert flowledger("forget", "--user", user["id"]).code == 130
    assert (home / FILE).stat().st_mode & 0o777 == 0o600
    assert "half forgotten: run the same flowledger forget again" in flowledger("status").out
    for record in landing.records(home / "raw"):
        assert all(landing.read_body(home / "raw", page) for page in record.pages)
    assert flowledger("forget", "--user", user["id"]).code == 0
    assert holders(home, words) == []
    assert dump(home) == dump(after[0])
    assert not (home / FILE).exists()


def test_a_dry_run_counts_and_changes_nothing(home, user, after):
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix != ".duckdb"}
    tables = dump(home)
    told = flowledger("forget", "--user", user["id"], "--dry-run")
    assert told.code == 0
    assert told.out.splitlines()[1:-1] == [line for line in after[1].out.splitlines() if line.startswith("  ")]
    assert "Nothing was changed" in told.out
    assert {path: path.read_bytes() for path in before} == before
    assert dump(home) == tables


def test_somebody_who_is_nowhere_is_0_and_said_so(home):
    told = flowledger("forget", "--user", str(uuid.UUID(int=7)), "--dry-run")
    assert told.code == 0
    assert "Nothing here holds this person." in told.out


@pytest.mark.parametrize("given", ["mara.lind@example.com", "7", ""])
def test_what_is_no_id_is_2(home, given):
    told = flowledger("forget", "--user", given)
    assert told.code == 2
    assert "--user" in told.err


def test_a_home_without_a_warehouse_is_2(home, user):
    (home / "warehouse.duckdb").unlink()
    told = flowledger("forget", "--user", user["id"])
    assert told.code == 2
    assert "flowledger replay" in told.err


def test_what_is_remembered_names_nobody_and_is_not_published(after, user):
    remembered = asked(after[0], "SELECT digest, kind FROM warehouse.ledger.forgotten")
    assert sorted(kind for _, kind in remembered) == ["mail", "user"]
    assert asked(after[0], "SELECT count(*) FROM warehouse.ledger.forgotten_runs") > [(0,)]
    with closing(duckdb.connect(str(after[0] / "published" / manifest.DATABASE), read_only=True)) as db:
        assert db.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'forgotten%'").fetchall() == []
        last = db.execute("SELECT command, status, arguments FROM ledger.loads ORDER BY number DESC LIMIT 1").fetchone()
    assert last == ("forget", "done", "{}")
