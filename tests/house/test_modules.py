"""What a module may look like."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import PRODUCT, PYTHON, ROOT, name

LINES_IN_A_FILE = 250
LINES_IN_A_FUNCTION = 40
LONGER_FILES = {
    "pipeline/tables.py": "the declaration: one row per column",
    "pipeline/ledger_tables.py": "likewise, for the ledger",
}
DOORWAYS = {
    "pipeline/sandbox/__init__.py": "its users need a handful of names, and none of its insides",
}
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|base|managers?|lib|stuff)(_|$)")


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_file_can_be_read_in_one_go(path: Path):
    assert lines(path) <= LINES_IN_A_FILE or name(path) in LONGER_FILES, f"{lines(path)} lines: has it two thoughts?"


@pytest.mark.parametrize("path", LONGER_FILES)
def test_an_exception_to_the_size_of_a_file_is_still_needed(path: str):
    assert lines(ROOT / path) > LINES_IN_A_FILE


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_function_fits_on_a_screen(path: Path):
    found = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    # From the first line of the body: an option of the command line is many lines of signature.
    sizes = {node.name: (node.end_lineno or node.lineno) - node.body[0].lineno + 1 for node in found}
    assert {each: size for each, size in sizes.items() if size > LINES_IN_A_FUNCTION} == {}


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_module_is_named_after_what_it_does(path: Path):
    assert not VAGUE.search(path.stem)


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_module_says_what_it_is_for(path: Path):
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize(
    "path", [path for path in PRODUCT if path.name == "__init__.py" and name(path) not in DOORWAYS], ids=name
)
def test_a_package_file_holds_a_docstring_and_nothing_else(path: Path):
    assert len(tree(path).body) == 1


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_silenced_rule_is_named_and_explained_once_in_its_file(path: Path):
    silenced = re.findall(
        r"# (?:noqa|type: ignore)(:? ?\[?[\w, -]*?\]?)(  .+)?$", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    explained = {rule for rule, why in silenced if why}
    assert {rule for rule, _ in silenced} == explained
