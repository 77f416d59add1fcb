"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(path for package in ("pipeline", "flows") for path in (ROOT / package).rglob("*.py"))
PYTHON = sorted([*PRODUCT, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])

LONGER_FILES = {
    "pipeline/tables.py": "the declaration: one row per column",
}
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|base|managers?|lib|stuff)(_|$)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_file_can_be_read_in_one_go(path: Path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 250 or name(path) in LONGER_FILES, f"{name(path)} has {lines} lines: has it two thoughts?"


def test_the_exceptions_to_the_file_size_are_still_needed():
    for path in LONGER_FILES:
        assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) > 250, path


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_function_fits_on_a_screen(path: Path):
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in functions(path)
        if node.end_lineno - node.lineno >= 40
    ]
    assert not long, f"{name(path)}: {', '.join(long)}"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_module_is_named_after_what_it_does(path: Path):
    assert not VAGUE.search(path.stem), name(path)


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_module_says_in_its_docstring_what_it_is_for(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), name(path)


@pytest.mark.parametrize("path", [path for path in PRODUCT if path.name == "__init__.py"], ids=name)
def test_a_package_file_holds_a_docstring_and_nothing_else(path: Path):
    assert len(ast.parse(path.read_text(encoding="utf-8")).body) == 1, name(path)
