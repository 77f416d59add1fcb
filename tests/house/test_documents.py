"""The documents say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from pipeline.settings import DEFAULTS_AND_REASONS
from tests.house.tree import FILES, PRODUCT, ROOT, name, read

README = read("README.md")
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
SENTENCE = "fetch -> land -> decode -> flatten -> stage -> merge -> check -> publish"


def settings_table() -> str:
    rows = [
        f"| `{each}` | {f'`{default}`' if default else ''} | {reason} |"
        for each, default, reason in DEFAULTS_AND_REASONS
    ]
    return "\n".join(["| variable | default | why |", "|---|---|---|", *rows])


def test_the_readme_names_both_commands_first():
    assert 0 < README.index("    make demo\n") < README.index("    make test\n")
    assert README.index("    make test\n") < README.index("\n## ")


def test_the_table_of_settings_is_current():
    shown = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert shown == settings_table(), f"put this into README.md:\n{settings_table()}"


def test_every_variable_that_the_product_reads_is_a_setting():
    read_somewhere = {
        each for path in PRODUCT for each in re.findall(r'"((?:FLOWLEDGER|RUNFLOW)_[A-Z_]+)"', read(path))
    }
    assert read_somewhere == {each for each, _, _ in DEFAULTS_AND_REASONS}


def test_the_readme_names_every_command_and_no_other():
    from pipeline.cli import app

    group = typer.main.get_command(app)
    built = set(group.list_commands(typer.Context(group)))
    named = set(re.findall(r"^\| `flowledger (\w+)", README, flags=re.MULTILINE))
    assert named == built


def test_the_readme_says_which_commands_are_planned():
    planned = {
        command
        for module, command in re.findall(r'_planned\("([\w.]+)", "\w+", "(\w+)"', read("pipeline/cli_look.py"))
        if not (ROOT / f"{module.replace('.', '/')}.py").exists()
    }
    told = set(re.findall(r"^\| `flowledger (\w+)[^|]*\|[^|]*\(planned\)", README, flags=re.MULTILINE))
    assert told == planned


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_make_target_that_is_named_exists(document: str):
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^ *|`)make ([a-z-]+)", read(document), flags=re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *map(name, ADRS)])
def test_every_file_that_is_named_exists(document: str):
    words = re.findall(r"`((?:pipeline|flows|sql|tests|docs|bench)/[\w./-]+)`", read(document))
    assert [word for word in words if not (ROOT / word).exists()] == []


def test_the_house_has_one_sentence():
    assert SENTENCE in read("CONTRIBUTING.md")
    assert SENTENCE in read("pipeline/__init__.py")


def test_the_changelog_has_a_place_for_what_readers_of_the_data_must_know():
    assert "\n## [Unreleased]\n" in read("CHANGELOG.md")
    assert "\n### Data\n" in read("CHANGELOG.md")


@pytest.mark.parametrize("path", ADRS, ids=name)
def test_a_decision_is_half_a_page_with_its_consequence(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert "\n## Consequence\n" in text
    assert len(text.split()) <= 350


def test_decisions_are_numbered_without_gaps():
    assert [path.name[:4] for path in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_knows_the_machine_it_was_written_on(path: Path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|root|Users|tmp)/\S*|(?<![\w.])/opt/(?:wheels|pypi)\S*", text) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_is_left_for_later_in_a_comment(path: Path):
    assert re.findall(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b", path.read_text(encoding="utf-8")) == []
