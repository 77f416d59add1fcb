"""The dictionary and the files of the views: they say what is declared, and a stale one is noticed."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict

import duckdb
import pyarrow as pa
import pytest

from pipeline import dictionary
from pipeline.dictionary import MART_COLUMNS, create_empty, main, mart_claim, published_type
from pipeline.nested import VIEWS
from pipeline.readers import SHOWN_LEDGER, build, ledger_columns
from pipeline.schema import history_columns
from pipeline.statements import SQL
from pipeline.tables import TABLES

STALE = ["DICTIONARY.md", "views/users.sql"]
MARTS = sorted((SQL / "marts").glob("*.sql"))


@pytest.fixture(scope="module")
def text():
    return dictionary.dictionary()


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    create_empty(con)
    yield con
    con.close()


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(SQL / "marts", tmp_path / "sql" / "marts")
    assert main([], tmp_path / "sql") == 0
    return tmp_path / "sql"


def entry(text: str, name: str) -> str:
    return text.split(f"\n### {name}\n")[1].split("\n### ", maxsplit=1)[0]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_of_a_stored_table_is_described(text, table):
    described = entry(text, table.name) + entry(text, "Every stored table")
    for column in table.stored:
        assert f"| `{column.name}` | {published_type(column)} | {column.doc} |" in described
    assert table.grain[1:] in described


@pytest.mark.parametrize(
    ("name", "columns", "json"),
    [
        *((view.name, view.columns, "VARCHAR") for view in VIEWS.values()),
        *((f"{table.name}_history", history_columns(table), "JSON") for table in TABLES.values() if table.history),
        *((f"ledger.{name}", ledger_columns(name), "JSON") for name in SHOWN_LEDGER),
    ],
)
def test_every_column_of_views_history_and_ledger_is_described(text, name, columns, json):
    for column in columns:
        assert f"| `{column.name}` | {published_type(column, json)} | {column.doc} |" in entry(text, name)


def described_columns(text: str) -> dict[str, list[tuple]]:
    """Per relation its columns and types, with the lineage that is described once."""
    parts = [part.partition("\n") for part in text.split("\n### ")[1:]]
    entries = {name: re.findall(r"^\| `(\w+)` \| (.+?) \|", rest, re.MULTILINE) for name, _, rest in parts}
    lineage = entries.pop("Every stored table")
    return {name: columns + lineage if name in TABLES else columns for name, columns in entries.items()}


def test_the_dictionary_says_what_the_published_file_holds_and_nothing_else(text, tmp_path):
    ledger = {n: pa.table({c.name: pa.array([], c.type) for c in ledger_columns(n)}) for n in SHOWN_LEDGER}
    build(tmp_path / "published.duckdb", {}, tmp_path, ledger)
    published = defaultdict(list)
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as db:
        for schema, table, column, kind in db.execute(
            "SELECT c.schema_name, c.table_name, c.column_name, c.data_type FROM duckdb_columns() AS c "
            "WHERE c.database_name = 'published' AND NOT c.internal"
        ).fetchall():
            name = table if schema == "main" else f"{schema}.{table}"
            published[name].append((column, dictionary.SPELLED.get(kind, kind)))
    found = {name: sorted(columns) for name, columns in published.items()}
    assert {name: sorted(columns) for name, columns in described_columns(text).items()} == found


@pytest.mark.parametrize("path", MARTS, ids=lambda path: path.stem)
def test_a_mart_is_described_with_its_claim_and_its_columns(text, con, path):
    sql = path.read_text(encoding="utf-8")
    described = entry(text, f"marts.{path.stem}")
    assert sql.splitlines()[0].removeprefix("-- ") in described
    for name, *_ in con.execute(f"DESCRIBE {sql}").fetchall():
        assert f"| `{name}` | " in described


def test_a_meaning_is_given_to_columns_of_marts_only(con):
    used = {row[0] for path in MARTS for row in con.execute(f"DESCRIBE {path.read_text(encoding='utf-8')}").fetchall()}
    assert set(MART_COLUMNS) == used


def test_a_column_of_a_mart_without_a_meaning_is_refused_by_name(folder):
    (folder / "marts" / "new.sql").write_text("-- A claim.\nSELECT 1 AS mystery\n", encoding="utf-8")
    with pytest.raises(LookupError, match=r"mystery of marts\.new"):
        main([], folder)


def test_the_claim_of_a_mart_is_the_whole_comment_at_its_beginning():
    assert mart_claim("-- One.\n-- Two.\nSELECT 1 AS one -- three\n-- four\n") == "One. Two."


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_the_file_of_a_view_runs_and_has_the_declared_columns(folder, con, view):
    sql = (folder / "views" / f"{view.name}.sql").read_text(encoding="utf-8")
    found = [tuple(row[:2]) for row in con.execute(f"DESCRIBE {sql}").fetchall()]
    for (name, kind), column in zip(found, view.columns, strict=True):
        spelled = dictionary.SPELLED.get(kind, kind)
        assert (name, spelled) == (column.name, published_type(column, json="VARCHAR"))


def test_files_just_written_are_current(folder, capsys):
    assert main(["--check"], folder) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", STALE)
@pytest.mark.parametrize("gone", [False, True])
def test_a_stale_or_missing_file_is_named_with_what_to_run(folder, capsys, name, gone):
    path = folder / name
    if gone:
        path.unlink()
    else:
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert main(["--check"], folder) == 1
    assert capsys.readouterr().err == (
        f"sql/{name} is not what the declarations say: run `make generate` and commit the result.\n"
    )
    assert main([], folder) == 0
    assert main(["--check"], folder) == 0


def test_a_view_that_is_no_longer_declared_is_noticed_and_removed(folder, capsys):
    (folder / "views" / "yesterday.sql").write_text("-- Nobody declares this.\nSELECT 1 AS one\n", encoding="utf-8")
    assert main(["--check"], folder) == 1
    assert "sql/views/yesterday.sql" in capsys.readouterr().err
    assert main([], folder) == 0
    assert not (folder / "views" / "yesterday.sql").exists()


def test_a_changed_mart_makes_the_dictionary_stale(folder):
    path = folder / "marts" / "logs_by_day.sql"
    path.write_text("-- Another claim.\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["--check"], folder) == 1


def test_the_dictionary_is_the_same_every_time(text):
    assert dictionary.dictionary() == text
