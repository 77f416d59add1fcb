"""Landed pages are durable, private, exact, and named by records that count only once they are committed."""

import gzip
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import StorageError
from pipeline.landing import (
    WindowRecord,
    confirm_record,
    land,
    prune,
    read_body,
    records,
    settle_pending,
    write_record,
)
from pipeline.values import LandedPage, RawPage, Request, Window

NOW = datetime(2026, 11, 22, 3, 0, 0, 123456, tzinfo=UTC)
LOGS = Request("logs", "/v1/runs/any/logs", (("limit", "500"), ("embed", "run")))
DAY = Window(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))


def page(body=b'{"items": []}', encoding="identity", at=NOW):
    return RawPage(LOGS, 200, encoding, body, at)


def landed(raw_page, number=0):
    return LandedPage(
        number, raw_page.request, raw_page.status, raw_page.encoding, raw_page.sha256, raw_page.fetched_at
    )


def body_of(raw):
    (path,) = (raw / "bodies").glob("*/*")
    return path


def record(number=1, commit=1, pages=()):
    return WindowRecord("load-1", number, commit, "nightly", DAY, DAY, None, "drop", tuple(pages))


@pytest.mark.parametrize("encoding", ["identity", "", "gzip", "zstd", "br", "gzip, br"])
def test_a_body_comes_back_as_the_bytes_that_were_received(tmp_path, encoding):
    raw_page = page(gzip.compress(b"{}" * 100), encoding)
    land(tmp_path, raw_page)
    assert read_body(tmp_path, landed(raw_page)) == raw_page


def test_a_body_is_named_by_the_digest_of_its_wire_bytes(tmp_path):
    raw_page = page(gzip.compress(b"{}"), "gzip")
    assert land(tmp_path, raw_page) == raw_page.sha256
    assert body_of(tmp_path).name == f"{raw_page.sha256}.gzip"
    assert body_of(tmp_path).read_bytes() == raw_page.body


def test_a_body_without_a_coding_is_stored_compressed(tmp_path):
    raw_page = page(b"{" + b" " * 100_000 + b"}")
    land(tmp_path, raw_page)
    assert body_of(tmp_path).stat().st_size < 1000


def test_only_the_owner_may_read_landed_pages(tmp_path):
    land(tmp_path / "raw", page())
    path = body_of(tmp_path / "raw")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_landing_twice_leaves_one_file_and_no_temporary_one(tmp_path):
    land(tmp_path, page())
    land(tmp_path, page())
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_damaged_body_is_an_error_that_names_the_file(tmp_path, encoding):
    raw_page = page(gzip.compress(b"{}"), encoding)
    land(tmp_path, raw_page)
    path = body_of(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(StorageError, match=raw_page.sha256):
        read_body(tmp_path, landed(raw_page))


def test_landing_again_heals_a_damaged_body(tmp_path):
    land(tmp_path, page())
    body_of(tmp_path).write_bytes(b"torn")
    land(tmp_path, page())
    assert read_body(tmp_path, landed(page())).body == page().body


def test_a_missing_body_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(StorageError, match=page().sha256):
        read_body(tmp_path, landed(page()))


def test_a_disk_that_refuses_is_a_storage_error(tmp_path):
    (tmp_path / "bodies").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        land(tmp_path, page())


def test_a_record_comes_back_equal_and_never_holds_a_header(tmp_path):
    asked = replace(page(), request=LOGS.at("c2"))
    path = write_record(tmp_path, record(pages=[landed(asked)]))
    confirm_record(path)
    assert list(records(tmp_path)) == [replace(record(pages=[landed(asked)]), committed=1)]
    told = json.loads((path.parent / path.name.removesuffix(".pending")).read_text())
    assert told["pages"][0]["request"] == {
        "kind": "logs",
        "path": "/v1/runs/any/logs",
        "params": [["limit", "500"], ["embed", "run"], ["pq", "c2"]],
    }


def test_a_record_counts_only_after_its_commit(tmp_path):
    path = write_record(tmp_path, record())
    assert path.name.endswith(".json.pending")
    assert list(records(tmp_path)) == []
    confirm_record(path)
    assert [found.load_number for found in records(tmp_path)] == [1]


def test_records_come_in_the_order_of_their_commits_not_of_their_loads(tmp_path):
    """A backfill that gave way commits its next window after the nightly that has a greater load number."""
    for number, commit in [(5, 1), (6, 1), (5, 2), (10, 1), (7, 1)]:
        confirm_record(write_record(tmp_path, record(number, commit)))
    assert [(r.load_number, r.commit_number) for r in records(tmp_path)] == [(5, 1), (6, 1), (5, 2), (10, 1), (7, 1)]
    assert [r.committed for r in records(tmp_path)] == [1, 2, 3, 4, 5]


def test_after_a_crash_the_warehouse_decides_which_pending_records_count(tmp_path):
    write_record(tmp_path, record(1, 1))
    write_record(tmp_path, record(1, 2))
    settle_pending(tmp_path, lambda found: found.commit_number == 1)
    assert [r.commit_number for r in records(tmp_path)] == [1]
    assert len(list((tmp_path / "records").iterdir())) == 1


def test_settling_and_reading_a_home_without_records_is_harmless(tmp_path):
    settle_pending(tmp_path, lambda _: False)
    assert list(records(tmp_path)) == []


def test_a_record_that_cannot_be_read_is_an_error_that_names_it(tmp_path):
    path = confirm_record(write_record(tmp_path, record()))
    path.write_text("{")
    with pytest.raises(StorageError, match=path.name):
        list(records(tmp_path))


def test_pruning_deletes_old_records_and_the_bodies_only_they_name(tmp_path):
    cutoff = datetime.now(UTC) + timedelta(minutes=1)
    old, shared, young = (page(b"%d" % i) for i in range(3))
    for raw_page in (old, shared, young):
        land(tmp_path, raw_page)

    def received(raw_page, days):
        return replace(landed(raw_page), fetched_at=cutoff + timedelta(days=days))

    confirm_record(write_record(tmp_path, record(1, 1, [received(old, -1), received(shared, -1)])))
    confirm_record(write_record(tmp_path, record(2, 1, [received(shared, 1), received(young, 1)])))
    assert prune(tmp_path, cutoff) == 2
    assert [r.load_number for r in records(tmp_path)] == [2]
    assert read_body(tmp_path, landed(shared)).body == b"1"
    assert read_body(tmp_path, landed(young)).body == b"2"
    with pytest.raises(StorageError):
        read_body(tmp_path, landed(old))
