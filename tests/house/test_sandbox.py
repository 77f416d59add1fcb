"""The simulated API knows nothing of the client, or both would share one mistake."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, name

SANDBOX = sorted((ROOT / "pipeline" / "sandbox").glob("*.py"))


@pytest.mark.parametrize("path", SANDBOX, ids=name)
def test_the_sandbox_imports_nothing_of_ours(path: Path):
    found = {
        node.module or ""
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    } | {
        each.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import)
        for each in node.names
    }
    ours = {each for each in found if each.split(".")[0] in {"pipeline", "flows"}}
    assert [each for each in ours if not each.startswith("pipeline.sandbox")] == []
