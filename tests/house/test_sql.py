"""SQL that names columns lives in sql/, and each file says what it claims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.tables import __dict__ as declared
from tests.house.tree import PRODUCT, ROOT, SQL, name

BITS_IN_ABSENT = 63


@pytest.mark.parametrize("path", SQL, ids=name)
def test_a_file_begins_with_its_claim(path: Path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"-- \S.{15,}", first), "the first line is a comment that says what is true of the result"


@pytest.mark.parametrize("path", SQL, ids=name)
def test_nothing_that_the_lake_or_the_next_duckdb_refuses(path: Path):
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    refused = r"\bRETURNING\b|\bON\s+CONFLICT\b|\bPRIMARY\s+KEY\b|\bCREATE\s+(UNIQUE\s+)?INDEX\b|\bINSERT\s+OR\b"
    assert re.findall(refused, text, flags=re.IGNORECASE) == []


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_python_creates_neither_keys_nor_indexes(path: Path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\bPRIMARY KEY\b|\bCREATE (?:UNIQUE )?INDEX\b|\bON CONFLICT\b|\bRETURNING\b", text) == []


@pytest.mark.parametrize("table", declared["TABLES"].values(), ids=lambda table: table.name)
def test_every_column_has_a_bit_in_the_mask(table):
    assert len(table.columns) <= BITS_IN_ABSENT


@pytest.mark.parametrize("folder", ["fail", "warn"])
def test_the_folder_of_a_check_is_its_severity(folder: str):
    checks = ROOT / "sql" / "checks"
    if checks.exists():
        assert {path.name for path in checks.iterdir() if path.suffix != ".md"} <= {"fail", "warn"}
        assert list((checks / folder).glob("*.sql"))
