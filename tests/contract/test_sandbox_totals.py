"""The sandbox's totals: both bounds included, and in agreement with its rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.sandbox import truth
from tests.contract.asking import NOW, rows, sandbox, written

MIDNIGHT = NOW.replace(hour=0)
ALL = (NOW - timedelta(days=30), NOW)


def totals(client, start, end):
    answer = client.get("/v1/runs-stats", params={"start": written(start), "end": written(end)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_day(answer, key):
    return {date.fromisoformat(bucket["date"]): bucket[key] for bucket in answer["timeline"]}


def test_each_day_has_as_many_runs_and_as_much_spend_as_there_is():
    with sandbox() as (box, client):
        answer, true = totals(client, *ALL), truth(box.config)
        assert by_day(answer, "runs") == true.run_counts
        assert {day: Decimal(spend) for day, spend in by_day(answer, "spend").items()} == true.spend


def test_the_truth_has_the_runs_and_costs_that_are_listed():
    with sandbox() as (box, client):
        true = truth(box.config)
        listed = rows(client, "/v1/runs", limit=500)
        assert sum(Decimal(run["cost"] or 0) for run in listed) == sum(true.spend.values())
        assert len(listed) == sum(true.run_counts.values())


def test_both_bounds_are_included_so_that_adjacent_spans_count_their_edge_twice():
    with sandbox() as (box, client):
        moments = sorted(run["created_at"] for run in truth(box.config).runs.values())
        first, edge, last = moments[0], moments[4], moments[-1]
        one, two = totals(client, first, edge), totals(client, edge, last)
        count = sum(by_day(one, "runs").values()) + sum(by_day(two, "runs").values())
        assert count == len(moments) + 1
        assert sum(by_day(totals(client, edge, edge), "runs").values()) == 1
        assert totals(client, last + timedelta(microseconds=1), NOW)["timeline"] == []


def test_the_runs_on_the_first_and_last_microsecond_belong_to_their_day():
    with sandbox() as (box, client):
        yesterday = MIDNIGHT - timedelta(days=1)
        day = totals(client, yesterday, MIDNIGHT - timedelta(microseconds=1))
        assert by_day(day, "runs") == {yesterday.date(): truth(box.config).run_counts[yesterday.date()]}
        with_edge = totals(client, yesterday, MIDNIGHT)
        assert by_day(with_edge, "runs")[MIDNIGHT.date()] == 1


def test_the_flows_are_cut_at_the_top_and_the_sources_are_not():
    with sandbox(stats_top=2, both_relations=True) as (box, client):
        answer, count = totals(client, *ALL), len(truth(box.config).runs)
        assert len(answer["by_flow"]) == 2
        assert sum(flow["runs"] for flow in answer["by_flow"]) < count
        assert sum(source["runs"] for source in answer["by_source"]) == count


def test_totals_count_the_runs_that_lists_drop():
    with sandbox(drop_runs=0.4) as (box, client):
        count = sum(by_day(totals(client, *ALL), "runs").values())
        assert count == len(truth(box.config).runs) > len(rows(client, "/v1/runs", limit=500))


def test_totals_can_be_wrong_by_a_cent_and_a_run():
    with sandbox(stats_spend_error="0.01", stats_count_error=1) as (box, client):
        answer, true = totals(client, *ALL), truth(box.config)
        assert all(runs == true.run_counts[day] + 1 for day, runs in by_day(answer, "runs").items())
        assert all(
            Decimal(spend) == true.spend[day] + Decimal("0.01") for day, spend in by_day(answer, "spend").items()
        )


def test_the_days_of_the_totals_can_begin_in_another_zone():
    with sandbox(stats_zone_hours=2) as (box, client):
        local: dict[date, int] = {}
        for run in truth(box.config).runs.values():
            day = (run["created_at"] + timedelta(hours=2)).date()
            local[day] = local.get(day, 0) + 1
        assert by_day(totals(client, *ALL), "runs") == local


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"start": "2026-11-18T00:00:00Z"},
        {"start": "soon", "end": "later"},
        {"start": "2026-11-19T00:00:00Z", "end": "2026-11-18T00:00:00Z"},
    ],
)
def test_a_missing_or_impossible_bound_is_refused(params):
    with sandbox() as (_, client):
        assert client.get("/v1/runs-stats", params=params).status_code == 422


def test_a_bound_without_an_offset_is_utc():
    with sandbox() as (_, client):
        naive = {"start": "2026-11-01T00:00:00", "end": datetime.strftime(NOW, "%Y-%m-%dT%H:%M:%S")}
        assert client.get("/v1/runs-stats", params=naive).json() == totals(client, *ALL)
