"""The command line, run in this process against a served sandbox, for the tests of its commands."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.sandbox import Sandbox
from pipeline.settings import DEFAULTS_AND_REASONS
from pipeline.values import short
from tests.product import NOW, SMALL, START

KEY = "rf_live_7Qm2xW9bTzK4"
# The parameters of signed URLs, of every maker that the sandbox knows.
SIGNED = re.compile(rb"X-(?:Amz|Goog)-(?:Signature|Credential)=|Key-Pair-Id=|[?&]Signature=")
WORLD = replace(SMALL, api_key=KEY)
UNTIL = short(NOW + timedelta(seconds=1))
NIGHT = ("nightly", "--no-prefect", "--until", UNTIL)


@dataclass(frozen=True)
class Told:
    """What a command left: its exit code, and what it wrote on stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def flowledger(*arguments: str | Path) -> Told:
    """Run one command. Nothing it says may hold the key or a traceback."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(each) for each in arguments])
    told = Told(code, out.getvalue(), err.getvalue())
    assert "Traceback" not in told.said, told.said
    assert KEY not in told.said, told.said
    return told


@contextmanager
def environment(home: Path, box: Sandbox | None = None, **given: str) -> Iterator[pytest.MonkeyPatch]:
    """The environment of the commands in this block: this home and this sandbox, and none of the machine's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, *_ in DEFAULTS_AND_REASONS:
            patch.delenv(name, raising=False)
        patch.delenv("PREFECT_API_URL", raising=False)
        # Rich cuts help at the width of the terminal.
        settings = {"FLOWLEDGER_HOME": str(home), "FLOWLEDGER_RATE": "5000", "COLUMNS": "200", "NO_COLOR": "1"}
        if box is not None:
            settings |= {"RUNFLOW_API_URL": box.url, "RUNFLOW_API_KEY": KEY, "FLOWLEDGER_START": short(START)}
        for name, value in (settings | given).items():
            patch.setenv(name, value)
        yield patch
