"""Generated files are current, and the lock files agree with each other and with pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from tests.house.tree import ROOT, read

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")


@pytest.mark.parametrize(
    ("module", "file"), [("pipeline.schema", "sql/schema.sql"), ("pipeline.dictionary", "sql/DICTIONARY.md")]
)
def test_a_generated_file_is_current(module: str, file: str):
    assert (ROOT / file).exists()
    done = subprocess.run(
        [sys.executable, "-m", module, "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"make generate\n{done.stdout}{done.stderr}"


def locked(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", read(file), flags=re.MULTILINE))


def normal(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def test_the_lock_files_agree():
    everything = locked("requirements-dev.lock")
    for file in LOCKS:
        assert locked(file).items() <= everything.items(), file


def test_every_dependency_is_locked():
    project = tomllib.loads(read("pyproject.toml"))
    wanted = project["project"]["dependencies"]
    assert {normal(each) for each in wanted} <= set(locked("requirements.lock"))
    groups = [each for group in project["dependency-groups"].values() for each in group if isinstance(each, str)]
    assert {normal(each) for each in groups} <= set(locked("requirements-dev.lock"))


@pytest.mark.parametrize("file", LOCKS)
def test_every_locked_package_has_its_hashes(file: str):
    blocks = re.split(r"\n(?=[\w.-]+(?:\[|==))", read(file))[1:]
    assert blocks
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_file_names_no_package_index(file: str):
    assert re.findall(r"https?://|--index-url|--find-links", read(file)) == []


def test_every_dependency_has_a_reason():
    reasons = read("docs/adr/0010-dependencies.md").lower()
    project = tomllib.loads(read("pyproject.toml"))
    groups = [each for group in project["dependency-groups"].values() for each in group if isinstance(each, str)]
    # The two caps have their reason beside Prefect's: they are not used by us.
    direct = {normal(each) for each in [*project["project"]["dependencies"], *groups]} - {
        "pytest-timeout",
        "pytest-xdist",
    }
    assert [each for each in sorted(direct) if each not in reasons] == []
