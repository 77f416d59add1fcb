"""Cursors of the sandbox over real HTTP: their forms, their ends, and all that can be wrong with them."""

from __future__ import annotations

import pytest

from pipeline.sandbox import truth
from tests.contract.asking import LOGS, ids, rows, sandbox, walk

FORMS = {
    "token": lambda cursor, _: "pq" not in cursor,
    "query": lambda cursor, _: cursor.startswith("pq="),
    "question": lambda cursor, _: cursor.startswith("?pq="),
    "url": lambda cursor, box: cursor.startswith(f"{box.url}{LOGS}?limit=40&pq="),
    "relative-url": lambda cursor, _: cursor.startswith(f"{LOGS}?limit=40&pq="),
    "foreign-url": lambda cursor, _: cursor.startswith("https://cdn.runflow-mirror.example/"),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_cursor_leads_through_all_rows(form):
    with sandbox(cursor_form=form) as (box, client):
        pages = list(walk(client, limit=40))
        assert FORMS[form](pages[0]["next"], box)
        assert sorted(each for page in pages for each in ids(page["items"])) == sorted(truth(box.config).logs)


@pytest.mark.parametrize(
    ("marker", "ends"),
    [
        ("null", lambda page: page["next"] is None),
        ("missing", lambda page: "next" not in page),
        ("empty", lambda page: page["next"] == ""),
    ],
)
def test_the_last_page_says_so_with_each_end_marker(marker, ends):
    with sandbox(end_marker=marker) as (_, client):
        *others, last = walk(client, limit=40)
        assert ends(last)
        assert others
        assert not any(ends(page) for page in others)


def test_the_other_names_of_cursors_stand_in_place_of_the_first_ones():
    with sandbox(cursor_name="next_pq") as (_, client):
        first, second, *_ = walk(client, name="next_pq", limit=40)
        assert set(first) == {"items", "first_pq", "next_pq", "prev_pq"}
        assert first["prev_pq"] is None
        assert second["prev_pq"]


def test_going_back_shows_the_page_before():
    with sandbox() as (_, client):
        first, second, *_ = walk(client, limit=20)
        back = client.get(LOGS, params={"limit": 20, "pq": second["previous"], "from_prev": "true"}).json()
        assert ids(back["items"]) == ids(first["items"])
        assert back["previous"] is None


def test_the_first_cursor_leads_to_the_first_page():
    with sandbox() as (_, client):
        first, second, *_ = walk(client, limit=20)
        assert ids(rows(client, limit=20, pq=second["first"])) == ids(first["items"])


@pytest.mark.parametrize("other", [{"limit": 21}, {"limit": 20, "q": "level_code:info"}, {"limit": 20, "pq": "x"}])
def test_a_cursor_of_another_question_or_a_damaged_one_is_refused(other):
    with sandbox() as (_, client):
        token = client.get(LOGS, params={"limit": 20}).json()["next"]
        answer = client.get(LOGS, params={"pq": token, **other})
        assert answer.status_code == 400
        assert answer.json()["code"] == "INVALID_CURSOR"


def test_a_cursor_that_is_not_percent_encoded_is_refused():
    with sandbox() as (_, client):
        token = client.get("/v1/runs", params={"limit": 1}).json()["next"]
        twice = {"limit": 1, "pq": token.replace("=", "%3D").replace("/", "%2F")}
        assert client.get("/v1/runs", params=twice).status_code == 400


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_cursor_to_a_late_page_expires_as_often_as_it_is_told(status):
    with sandbox(cursor_expires_after=2, cursor_expired_status=status, cursor_expires_times=1) as (_, client):
        second = client.get("/v1/runs", params={"limit": 2}).json()["next"]
        third = client.get("/v1/runs", params={"limit": 2, "pq": second}).json()["next"]
        answers = [client.get("/v1/runs", params={"limit": 2, "pq": third}).status_code for _ in range(2)]
        assert answers == [status, 200]


def test_a_cursor_can_lead_to_its_own_page_for_ever():
    with sandbox(cursor_repeats_after=2) as (_, client):
        first = client.get(LOGS, params={"limit": 9}).json()
        second = client.get(LOGS, params={"limit": 9, "pq": first["next"]}).json()
        assert second["next"] == first["next"]
        assert second["items"] != first["items"]


def test_an_empty_page_in_the_middle_has_a_cursor_and_loses_nothing():
    with sandbox(empty_page_every=2) as (box, client):
        pages = list(walk(client, limit=40))
        assert [len(page["items"]) > 0 for page in pages[:4]] == [True, False, True, False]
        assert sorted(each for page in pages for each in ids(page["items"])) == sorted(truth(box.config).logs)


def test_a_trailing_page_is_empty_and_the_end():
    with sandbox(trailing_empty_page=True) as (box, client):
        *pages, last = walk(client, limit=40)
        assert last["items"] == []
        assert all(page["items"] for page in pages)
        assert sum(len(page["items"]) for page in pages) == len(truth(box.config).logs)


def test_pages_can_begin_with_rows_of_the_page_before():
    with sandbox(repeat_rows=3) as (box, client):
        first, second, *others = walk(client, limit=20)
        assert ids(second["items"])[:3] == ids(first["items"])[-3:]
        assert len(second["items"]) == 20
        found = {each for page in (first, second, *others) for each in ids(page["items"])}
        assert found == set(truth(box.config).logs)


def test_neighbours_can_change_places_without_loss():
    with sandbox(disorder=0.3, cursor_form="query") as (box, client):
        found = [item for page in walk(client, limit=20, sort_by="timestamp:asc") for item in page["items"]]
        times = [item["timestamp"] for item in found]
        assert times != sorted(times)
        assert sorted(ids(found)) == sorted(truth(box.config).logs)
