"""One served API for all tests of this folder, and what nights make of it that nobody kills."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.sandbox import serve, truth
from tests.crash.killed import World, content, watermark
from tests.crash.night import START, spend_night, watched
from tests.product import NOW, SMALL

SMALLER = replace(SMALL, start=START, now=NOW, runs_per_day=10, page_cap=10)
BEFORE = NOW - timedelta(days=1)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crash")
    home, loaded = folder / "home", folder / "loaded"
    names: list[str] = []
    with serve(SMALLER) as box:
        began = time.monotonic()
        with watched(names.append):
            assert spend_night(box.url, home, NOW) == 0
        seconds = time.monotonic() - began
        clean, mark = content(home), watermark(home)
        shutil.rmtree(home)
        box.configure(now=BEFORE)
        assert spend_night(box.url, home, BEFORE) == 0
        home.rename(loaded)
        box.configure(now=NOW)
        yield World(box, truth(box.config), home, loaded, clean, mark, Counter(names), seconds)
