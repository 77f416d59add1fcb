"""Bodies come out of every coding whole, or not at all."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from pipeline import inflate as room
from pipeline.errors import BrokenBody
from pipeline.inflate import inflate

BODY = b'{"items":[' + b",".join(b'{"id":%d}' % n for n in range(5_000)) + b"]}"
SKIPPABLE = (0x184D2A50).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"abcd"


def unsized(body):
    """A frame that does not say how long it is, as a server that streams writes it."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(body)


def bare(body):
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


CODED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "br": brotli.compress,
}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("body", [BODY, b"{}", b""], ids=["page", "small", "empty"])
def test_every_coding_is_undone(coding, body):
    whole = inflate(CODED[coding](body), coding)
    assert whole == body
    assert type(whole) is bytes


@pytest.mark.parametrize("coding", ["identity", "", "IDENTITY", " identity , "])
def test_identity_changes_nothing(coding):
    assert inflate(BODY, coding) is BODY


@pytest.mark.parametrize("coding", ["GZIP", " gzip", "gzip, identity"])
def test_a_coding_is_known_however_it_is_spelt(coding):
    assert inflate(gzip.compress(BODY), coding) == BODY


def test_several_codings_are_undone_from_the_last_to_the_first():
    assert inflate(zstandard.compress(gzip.compress(BODY)), "gzip, zstd") == BODY
    with pytest.raises(BrokenBody):
        inflate(zstandard.compress(gzip.compress(BODY)), "zstd, gzip")


def test_a_bare_deflate_stream_is_read_too():
    assert inflate(bare(BODY), "deflate") == BODY


@pytest.mark.parametrize(
    "second", [b"b" * 100, b"a" * 100, b"b" * 7, b""], ids=["same size", "same", "shorter", "empty"]
)
def test_no_member_of_a_gzip_stream_is_lost(second):
    first = b"a" * 100
    assert inflate(gzip.compress(first) + gzip.compress(second), "gzip") == first + second


def test_a_gzip_stream_that_holds_what_looks_like_a_second_member_is_one():
    body = b"text \x1f\x8b\x08 text"
    stored = gzip.compress(body, compresslevel=0)
    assert stored.count(b"\x1f\x8b\x08") == 2
    assert inflate(stored, "gzip") == body


def test_padding_behind_a_gzip_stream_is_no_member():
    assert inflate(gzip.compress(BODY) + bytes(512), "gzip") == BODY


def test_a_gzip_trailer_that_lies_about_the_size_is_found_out():
    whole = gzip.compress(BODY)
    for size in (0, 1, len(BODY) + 1, len(BODY) - 1, 2**32 - 1):
        with pytest.raises(BrokenBody):
            inflate(whole[:-4] + size.to_bytes(4, "little"), "gzip")


@pytest.mark.parametrize("pack", [zstandard.compress, unsized], ids=["sized", "unsized"])
def test_no_frame_of_a_zstd_stream_is_lost(pack):
    assert inflate(pack(b"one") + pack(b"two"), "zstd") == b"onetwo"
    assert inflate(pack(b"") + pack(b"two"), "zstd") == b"two"
    assert inflate(pack(b"one") + SKIPPABLE + pack(b"two"), "zstd") == b"onetwo"
    assert inflate(SKIPPABLE + pack(BODY), "zstd") == BODY
    assert inflate(pack(BODY), "zstd") == BODY


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("garbage", [b"", b"{}", b'{"items":[]}', b"<html>Bad gateway</html>", b"\x1f\x8b"])
def test_a_body_that_is_not_what_it_says_is_broken(coding, garbage):
    with pytest.raises(BrokenBody, match=coding):
        inflate(garbage, coding)


@pytest.mark.parametrize("coding", CODED)
def test_a_body_that_is_cut_is_broken(coding):
    whole = CODED[coding](BODY)
    for kept in (1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(BrokenBody):
            inflate(whole[:kept], coding)


def test_a_streamed_zstd_frame_that_is_cut_is_broken():
    with pytest.raises(BrokenBody, match="stops short"):
        inflate(unsized(BODY)[:-1], "zstd")


def test_a_changed_byte_is_noticed_where_the_coding_has_a_checksum():
    whole = bytearray(gzip.compress(BODY, compresslevel=0))
    whole[100] ^= 1
    with pytest.raises(BrokenBody):
        inflate(bytes(whole), "gzip")


def test_a_coding_that_was_not_asked_for_is_named():
    with pytest.raises(BrokenBody, match="not asked for: 'compress'"):
        inflate(b"x", "compress")


@pytest.mark.parametrize("coding", CODED)
def test_a_body_that_inflates_beyond_any_page_is_broken(coding, monkeypatch):
    monkeypatch.setattr(room, "MOST_BYTES", 1_000_000)
    assert len(inflate(CODED[coding](bytes(1_000_000)), coding)) == 1_000_000
    with pytest.raises(BrokenBody, match="more than 1 MB"):
        inflate(CODED[coding](bytes(1_000_001)), coding)


def test_parts_are_bounded_together(monkeypatch):
    monkeypatch.setattr(room, "MOST_BYTES", 1_000_000)
    for coding in ("gzip", "zstd"):
        with pytest.raises(BrokenBody, match="more than 1 MB"):
            inflate(CODED[coding](bytes(600_000)) * 2, coding)


def test_a_bomb_is_stopped_before_it_is_in_memory(monkeypatch):
    """Each block is four bytes and means 128 KiB: 512 MB together."""
    monkeypatch.setattr(room, "MOST_BYTES", 1_000_000)
    block = (1 << 1 | (128 << 10) << 3).to_bytes(3, "little") + b"a"
    bomb = bytes.fromhex("28b52ffd") + bytes([0, 7 << 3]) + block * 4_000
    tracemalloc.start()
    try:
        with pytest.raises(BrokenBody, match="more than 1 MB"):
            inflate(bomb, "zstd")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
