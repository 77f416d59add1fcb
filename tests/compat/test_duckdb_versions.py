"""P10: what is published opens in DuckDB 1.4, 1.5 and 2.0, and the product itself works on 2.0."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.sandbox import serve
from tests.product import SMALL, nightly, settings_for

pytestmark = [pytest.mark.compat, pytest.mark.timeout(600)]
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ON_THE_NEXT_DUCKDB = (
    "tests/unit/test_merge.py", "tests/unit/test_history.py", "tests/unit/test_ledger.py",
    "tests/unit/test_warehouse.py",
    "tests/unit/test_publish.py", "tests/unit/test_reach.py", "tests/unit/test_sqlshell.py", "tests/sql",
    "tests/property/test_merge.py", "tests/property/test_reach.py",
    "tests/contract/test_partial_failures.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Gives the environment of a process that finds this version of DuckDB before ours."""

    def environment(version: str) -> dict[str, str]:
        folder = tmp_path_factory.getbasetemp() / f"duckdb-{version}"
        if not folder.exists():
            pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(folder)]
            done = subprocess.run([*pip, f"duckdb=={version}"], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"DuckDB {version} cannot be installed here: {done.stderr[-300:]}")
        return {**os.environ, "PYTHONPATH": str(folder)}

    return environment


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    home = tmp_path_factory.mktemp("published")
    with serve(SMALL) as box:
        assert nightly(settings_for(box, home)).exit_code == 0
    return home / "published"


def read_by(published: Path, environment: dict[str, str]) -> dict:
    command = [sys.executable, str(HERE / "read_published.py"), str(published / "flowledger.duckdb")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("version", ["1.4.0", "2.0.0"])
def test_another_duckdb_reads_every_table_view_and_mart_and_the_same_spend(published, other, version):
    ours, theirs = read_by(published, dict(os.environ)), read_by(published, other(version))
    assert theirs["version"].startswith(version)
    assert (theirs["counts"], theirs["spend"]) == (ours["counts"], ours["spend"])
    rows = json.loads((published / "manifest.json").read_text(encoding="utf-8"))["rows"]
    assert {name: theirs["counts"][f"main.{name}"] for name in rows} == rows


def test_the_product_works_on_the_next_duckdb(other):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ON_THE_NEXT_DUCKDB]
    done = subprocess.run(command, cwd=ROOT, env=other("2.0.0"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
