"""A part that fails takes nothing with it: the others load, and what it left out is read by a later night."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import stamina

from pipeline import ingest, ledger, warehouse
from pipeline.errors import LoadError
from pipeline.finish import finish
from pipeline.sandbox import Fault, serve, truth
from tests.product import NOW, SMALL, START, backfill, differences, held, nightly, settings_for, wanted

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _no_waiting():
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


async def upsert_all_but_the_first(job, window, parts, watermark):
    if window.start == START:
        raise LoadError("this window fails")
    await ingest.upsert_window(job, window, parts, watermark)


async def upsert_none(job, window, parts, watermark):
    raise LoadError("every window fails")


async def extract_that_breaks(job, window, parts):
    if window.start == START:
        raise RuntimeError("nobody foresaw this")
    await ingest.extract_window(job, window, parts)


def night_with(settings, extract=ingest.extract_window, upsert=ingest.upsert_window, now=NOW):
    steps = (extract, upsert, finish)
    end = now + timedelta(seconds=1)
    return asyncio.run(ingest.nightly(settings, until=end, now=now, report=lambda _: None, steps=steps))


def test_the_watermark_never_passes_runs_that_were_not_read(tmp_path):
    with serve(replace(SMALL, grammar="ignore", page_cap=10)) as box:
        settings = settings_for(box, tmp_path, sweep=HOUR, lookback=HOUR)
        # The survey asks four times; the first page is given, the second is not.
        box.inject(Fault(kind="status", status=503, where="runs", after=5, times=2))
        assert nightly(settings).exit_code == 1
        with closing(warehouse.connect(tmp_path / "warehouse.duckdb", None)) as con:
            assert ledger.watermark(con) == START
        assert nightly(settings).exit_code == 0
        assert differences(held(tmp_path), wanted(truth(box.config))) == []


def test_flows_and_models_of_a_window_that_failed_come_with_the_next_one(tmp_path):
    plan = ingest.plan_backfill(START, NOW, DAY, newest_first=False)
    with serve(replace(SMALL, embed_flow="null", embed_model="null", runs_per_day=30)) as box:
        settings = settings_for(box, tmp_path)
        steps = (ingest.extract_window, upsert_all_but_the_first, finish)
        outcome = asyncio.run(
            ingest.backfill(settings, plan, resume=False, now=NOW, report=lambda _: None, steps=steps)
        )
        assert (outcome.exit_code, outcome.windows) == (1, 2)
    here = held(tmp_path)
    for kind, key in (("flows", "flow_id"), ("models", "model_id")):
        named = {run[key] for run in here["runs"].values()} - {None}
        assert named
        assert named <= here[kind].keys()


def test_open_runs_are_read_also_in_a_night_in_which_a_window_fails(tmp_path):
    with serve(replace(SMALL, long_runs=0.5, long_run_days=30.0)) as box:
        settings = settings_for(box, tmp_path, sweep=HOUR, lookback=HOUR)
        box.configure(now=START + DAY)
        nightly(settings, START + DAY)
        box.configure(now=NOW)
        before = len(box.requests)
        assert night_with(settings, upsert=upsert_none).exit_code == 1
        assert "run" in {each.kind for each in box.requests[before:]}


def test_an_error_that_nobody_foresaw_fails_its_window_and_no_other(tmp_path):
    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path)
        outcome = night_with(settings, extract=extract_that_breaks)
        assert outcome.exit_code == 1
        assert [message for _, message in outcome.failed] == ["RuntimeError: nobody foresaw this"]
        assert outcome.windows == 2
        assert nightly(settings).exit_code == 0
        assert differences(held(tmp_path), wanted(truth(box.config))) == []


def test_a_backfill_into_the_future_does_not_count_it_as_read(tmp_path):
    with serve(SMALL) as box:
        settings = settings_for(box, tmp_path)
        box.configure(now=START + DAY)
        backfill(settings, START, START + 2 * DAY, 12 * HOUR, now=START + DAY)
        box.configure(now=NOW)
        backfill(settings, START, START + 2 * DAY, 12 * HOUR, resume=True)
        there = {key for key, log in truth(box.config).logs.items() if log["timestamp"] < START + 2 * DAY}
    assert held(tmp_path)["logs"].keys() == there


def test_a_flow_that_the_api_does_not_have_is_a_finding(tmp_path):
    missing = ("flow", "flows", "model", "models")
    with serve(replace(SMALL, embed_flow="null", embed_model="null", missing_endpoints=missing)) as box:
        outcome = nightly(settings_for(box, tmp_path))
    assert outcome.exit_code == 3
    told = {"relation_not_given", "runs_without_flow", "runs_without_model"}
    assert {finding.check for finding in outcome.findings} == told
