"""The command `flowledger sandbox`: its options are the switches."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import fields
from datetime import UTC, datetime

import httpx
import pytest

from pipeline.sandbox import Config, run
from pipeline.sandbox.options import GROUPS, parser
from tests.contract.asking import sandbox


def read(*argv):
    given = vars(parser().parse_args(argv))
    given.pop("port")
    return Config(**given)


def test_every_switch_is_an_option_in_one_group():
    grouped = [each.name for switches in GROUPS.values() for each in fields(switches)]
    assert sorted(grouped) == sorted(each.name for each in fields(Config))
    assert set(grouped) <= set(vars(parser().parse_args([f"--{grouped[0]}", "1"])) | dict.fromkeys(grouped))


def test_without_options_every_switch_has_its_default():
    assert read() == Config()


def test_options_are_read_by_the_kind_of_their_switch():
    config = read(
        "--seed", "5", "--no-edges", "--unknown-keys", "--late-logs", "0.5", "--now", "2026-11-20T10:00:00+02:00",
        "--codings", "gzip,br", "--forbidden", "models, pricing", "--stats-spend-error", "-0.01", "--sort", "reject",
    )  # fmt: skip
    assert (config.seed, config.edges, config.unknown_keys, config.late_logs) == (5, False, True, 0.5)
    assert config.now == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (config.codings, config.forbidden) == (("gzip", "br"), ("models", "pricing"))
    assert (config.stats_spend_error, config.sort) == ("-0.01", "reject")


def test_help_tells_each_switch_with_its_line_and_its_group(capsys):
    with pytest.raises(SystemExit) as told:
        run(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert told.value.code == 0
    assert all(f"{title}:" in text for title in GROUPS)
    assert all("--" + each.name.replace("_", "-") in text for each in fields(Config))
    assert "Same seed, same world. [1]" in text


@pytest.mark.parametrize("argv", [["--sort", "nope"], ["--nope"], ["--seed", "x"]])
def test_an_option_that_cannot_be_is_a_usage_error(argv, capsys):
    with pytest.raises(SystemExit) as told:
        run(argv)
    assert told.value.code == 2
    assert "flowledger sandbox" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--codings", "lz4"], ["--poison", "run:nope"]])
def test_a_value_that_does_not_exist_is_told_and_ends_with_2(argv, capsys):
    assert run(argv) == 2
    assert "there is" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_and_ends_with_2(capsys):
    with sandbox() as (box, _):
        assert run(["--port", box.url.rsplit(":", 1)[1]]) == 2
        assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_what_to_set_serves_and_ends_with_0_on_a_signal(number, capsys, monkeypatch):
    answers = []

    class Told:
        """Standard output, that asks the server as soon as its address is told."""

        def write(self, text):
            url = text.split("RUNFLOW_API_URL=")[1].split()[0]
            key = text.split("RUNFLOW_API_KEY=")[1].split()[0]
            answers.append(httpx.get(url + "/v1/runs", headers={"Authorization": f"Bearer {key}"}).status_code)

        def flush(self):
            threading.Timer(0.01, os.kill, (os.getpid(), number)).start()

    monkeypatch.setattr(sys, "stdout", Told())
    began, before = time.monotonic(), signal.getsignal(number)
    assert run(["--port", "0", "--days", "1", "--runs-per-day", "2"]) == 0
    assert answers == [200]
    assert signal.getsignal(number) is before
    assert time.monotonic() - began < 5
