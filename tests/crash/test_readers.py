"""Readers that hammer during three nights are never blocked, never fail, and only see whole versions (P7)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline import manifest
from pipeline.sandbox import serve, truth
from tests.crash.conftest import SMALLER
from tests.crash.killed import ROOT
from tests.crash.night import START, spend_night
from tests.crash.reader import TABLES

READERS = ("database", "open", "files", "pattern")
CLOCKS = [START + timedelta(hours=hours) for hours in (20, 28, 36, 44)]
LONGEST_SECONDS = 5


def start_reader(how, published, stop, out):
    command = [sys.executable, "-m", "tests.crash.reader", how, str(published), str(stop)]
    return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True)


def version(published, box):
    """What a whole version shows: the rows of its manifest, and the exact spend of the world at that moment."""
    rows = manifest.read(published).rows
    spend = sum(truth(box.config).spend.values(), Decimal(0)).normalize()
    return {"rows": {name: rows[name] for name in TABLES}, "spend": str(spend)}


def night(box, home, clock):
    told = [box.url, str(home), clock.isoformat()]
    assert subprocess.run([sys.executable, "-m", "tests.crash.night", *told], cwd=ROOT, check=False).returncode == 0


def keep(published, folder):
    """Give every published file a second name; returns what each now holds."""
    folder.mkdir()
    files = [path for path in published.rglob("*") if path.is_file() and "snapshots" not in path.parts]
    for number, path in enumerate(files):
        os.link(path, folder / str(number))
    return {path: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """What was published, when each night began and ended, what each reader read and said, and the files kept."""
    folder = tmp_path_factory.mktemp("readers")
    home, stop = folder / "home", folder / "stop"
    published = home / "published"
    with serve(replace(SMALLER, now=CLOCKS[0])) as box, ExitStack() as stack:
        assert spend_night(box.url, home, CLOCKS[0]) == 0
        versions, spans, kept = [version(published, box)], [], {}
        outs = {how: stack.enter_context((folder / how).open("w+")) for how in READERS}
        readers = {how: stack.enter_context(start_reader(how, published, stop, outs[how])) for how in READERS}
        stack.callback(stop.touch)
        assert {how: reader.stderr.readline() for how, reader in readers.items()} == dict.fromkeys(READERS, "reading\n")
        for clock in CLOCKS[1:]:
            box.configure(now=clock)
            kept |= keep(published, folder / f"kept-{len(spans)}")
            began = time.monotonic()
            night(box, home, clock)
            spans.append((began, time.monotonic()))
            versions.append(version(published, box))
        stop.touch()
        said = {how: reader.stderr.read() for how, reader in readers.items()}
        reads = {how: [json.loads(line) for line in (folder / how).read_text().splitlines()] for how in READERS}
    return versions, spans, reads, said, kept


def seen(read):
    return {"rows": read["rows"], "spend": read["spend"]}


def test_the_versions_of_the_nights_differ_in_every_way_that_is_looked_at(nights):
    versions = nights[0]
    for name in ("logs", "runs"):
        counts = [version["rows"][name] for version in versions]
        assert counts == sorted(set(counts))
    assert len({version["spend"] for version in versions}) == len(CLOCKS)


@pytest.mark.parametrize("how", READERS)
def test_p7_no_read_fails(nights, how):
    assert nights[3][how] == ""


@pytest.mark.parametrize("how", READERS)
def test_p7_every_read_is_one_whole_version_and_never_an_older_one_than_before(nights, how):
    versions, _, reads = nights[:3]
    assert [read for read in reads[how] if seen(read) not in versions] == []
    order = [versions.index(seen(read)) for read in reads[how]]
    assert order == sorted(order)
    assert (order[0], order[-1]) == (0, 0 if how == "open" else len(versions) - 1)


@pytest.mark.parametrize("how", ["database", "open"])
def test_p7_marts_and_ledger_are_of_the_same_version_as_the_tables(nights, how):
    assert all(read["marts_agree"] and read["ledger_ended"] for read in nights[2][how])


@pytest.mark.parametrize("how", READERS)
def test_p7_readers_read_on_while_each_night_works(nights, how):
    _, spans, reads = nights[:3]
    within = [sum(began <= r["began"] and r["ended"] <= ended for r in reads[how]) for began, ended in spans]
    assert min(within) > 0
    assert max(read["ended"] - read["began"] for read in reads[how]) < LONGEST_SECONDS


def test_a_file_that_was_published_is_never_written_again(nights):
    kept = nights[4]
    assert len(kept) > 30
    assert [path for path, content in kept.items() if path.read_bytes() != content] == []


def test_there_were_reads_enough_to_tell(nights):
    assert sum(len(reads) for reads in nights[2].values()) >= 50
