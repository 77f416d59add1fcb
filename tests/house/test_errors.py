"""Every way to fail is drawn, and every way that is drawn can happen."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from pipeline import errors
from tests.house.tree import PRODUCT, name

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__]
# The inner nodes of the tree: caught by name, raised as one of their kinds.
ONLY_CAUGHT = {"SourceError"}


def names_used() -> set[str]:
    """Every name and attribute that the product calls, raises or hands on as a value."""
    used: set[str] = set()
    for path in PRODUCT:
        if name(path) != "pipeline/errors.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call | ast.Raise):
                    used |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                    used |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return used


def test_every_error_is_drawn_under_its_parent():
    drawn: list[tuple[int, str]] = re.findall(
        r"^( \|? *\+-- )?(\w+Error|\w+) ", errors.__doc__ or "", flags=re.MULTILINE
    )
    assert {word for _, word in drawn} >= {each.__name__ for each in CLASSES} - {"FlowledgerError"}


@pytest.mark.parametrize("error", CLASSES, ids=lambda each: each.__name__)
def test_every_error_happens_somewhere(error: type[Exception]):
    assert error.__name__ in names_used() | ONLY_CAUGHT


@pytest.mark.parametrize("error", CLASSES, ids=lambda each: each.__name__)
def test_every_error_has_an_exit_code_that_the_readme_explains(error: type[errors.FlowledgerError]):
    assert error.exit_code in {1, 2, 4}
