"""The command line without anything behind it: help, version, and the last words of a command that fails."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from pipeline.cli_errors import LastWords, scrub
from tests.command import KEY, environment, flowledger

COMMANDS = {
    "": ["flowledger demo", "RUNFLOW_API_KEY", "FLOWLEDGER_HOME", "4 another run is writing", "nightly", "backfill"],
    "demo": ["No key, no network", "./flowledger-demo", "--days", "--seed"],
    "doctor": ["--offline", "doctor-report.json", "without keys"],
    "nightly": ["--until", "now less FLOWLEDGER_LAG (15m)", "--no-prefect", "for cron", "--accept-source"],
    "serve": ["--cron", "[default: 30 4 * * *]", "--timezone", "Europe/Berlin", "Ctrl-C"],
    "backfill": [
        *("--from", "--to", "Exclusive end", "midnight UTC", "2026-11-22T06:00:00Z", "1d, 12h or 30m", "--resume"),
        *("--dry-run", "--newest-first", "--concurrency", "FLOWLEDGER_CONCURRENCY (4)", "Safe to repeat"),
    ],
    "log": ["LOG_ID", "--run-id"],
    "replay": ["no network, no key", "--from"],
    "publish": ["--accept", "--self-contained", "No network, no key"],
    "status": ["--json", "gap", "while a run is writing"],
    "sql": ["SELECT count(*) FROM runs", "table|csv|json", "only reads"],
    "report": ["--out", "report.html"],
    "check": ["every check"],
    "reconcile": ["--from", "--to", "--heal", "UTC"],
    "forget": ["--user", "--dry-run", "spend stays exact", "No network, no key"],
    "rejects": ["list", "show", "replay", "discard", "raw text"],
    "rejects show": ["flowledger rejects list"],
    "rejects discard": ["discarded"],
    "rejects replay": ["Read the open rejects again"],
    "sandbox": ["--port", "--seed", "--days", "--poison", "every known fault"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_tells_what_a_newcomer_needs(tmp_path, command):
    with environment(tmp_path):
        told = flowledger(*command.split(), "--help")
    text = re.sub(r"[\s\u2500-\u257f]+", " ", told.out)
    assert told.code == 0
    assert [words for words in COMMANDS[command] if words not in text] == []


def test_every_command_of_the_overview_has_a_test_of_its_help(tmp_path):
    with environment(tmp_path):
        told = flowledger("--help").out
    listed = set(re.findall(r"^\u2502 ([a-z]+) ", told, re.MULTILINE))
    assert listed == {command.split()[0] for command in COMMANDS if command}


def test_version_names_the_product(tmp_path):
    with environment(tmp_path):
        assert flowledger("--version").out == f"flowledger {version('flowledger')}\n"


def test_an_unknown_error_is_told_without_traceback_and_key(tmp_path, capsys):
    with environment(tmp_path, RUNFLOW_API_KEY=KEY), LastWords() as last:
        raise RuntimeError(f"no route for {KEY} and https://x.test/a?X-Amz-Signature=abc")
    told = capsys.readouterr().err
    assert last.code == 1
    assert "RuntimeError: no route for *** and https://x.test/a?X-Amz-Signature=***" in told
    assert "FLOWLEDGER_DEBUG" in told
    assert "Traceback" not in told


def test_debug_shows_where_it_happened_and_still_no_key(monkeypatch, capsys):
    monkeypatch.setenv("FLOWLEDGER_DEBUG", "1")
    with LastWords():
        raise RuntimeError(f"no route for {KEY}")
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert KEY not in told


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def",
        "the key rf_test_0123456789abcdef",
        "https://x.test/a.png?X-Amz-Credential=abc.def&X-Amz-Signature=0123456789abcdef",
        "https://x.test/a.png?se=2026&sig=0123456789abcdef",
        "https://x.test/a.png?Expires=1&Signature=0123456789abcdef",
    ],
)
def test_keys_and_signatures_are_scrubbed_from_what_is_said(text):
    assert "abc.def" not in scrub(text)
    assert "0123456789abcdef" not in scrub(text)


def test_a_key_of_any_form_is_scrubbed(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("plain-words-as-key\n", encoding="utf-8")
    monkeypatch.setenv("RUNFLOW_API_KEY_FILE", str(tmp_path / "key"))
    assert scrub("refused: plain-words-as-key") == "refused: ***"
