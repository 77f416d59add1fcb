"""Undoes the content codings of a body: wire bytes and Content-Encoding in, the bytes of the JSON out.

BrokenBody when they do not inflate, stop short, or would inflate without bound.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import deflate
import zstandard

from pipeline.errors import BrokenBody

MOST_BYTES = 1_000_000_000
GZIP_MAGIC = b"\x1f\x8b"
GZIP_SMALLEST = 18
GZIP_MEMBER = b"\x1f\x8b\x08"
# No gzip or deflate stream expands further than 1032 times; a trailer that promises more is not believed.
DEFLATE_EXPANSION = 1032
STEP = 1 << 20
# Four bytes of zstd can hold 128 KiB: so little is put in at once that the bound is noticed in time.
ZSTD_STEP = 1 << 10
ZSTD_WINDOW = 1 << 27


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its codings; several are undone in the reverse of the order they were applied in."""
    return bytes(unpacked(body, encoding))


def unpacked(body: bytes, encoding: str) -> bytes | bytearray:
    """The same as whatever the last coding leaves: to copy a page costs a third of inflating it."""
    found: bytes | bytearray = body
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in {"", "identity"}:
            continue
        if name not in CODINGS:
            raise BrokenBody(f"The body came in a content coding that was not asked for: {name[:40]!r}.")
        try:
            found = CODINGS[name](bytes(found))
        except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
            raise BrokenBody(f"The body says it is {name} and does not inflate: {error}.") from None
    return found


def _gzip(body: bytes) -> bytes | bytearray:
    size = int.from_bytes(body[-4:], "little")
    plausible = body[:2] == GZIP_MAGIC and len(body) >= GZIP_SMALLEST and 0 < size <= len(body) * DEFLATE_EXPANSION
    # The quick reader stops after the first member and does not say so; one as long as the last would pass for it.
    if plausible and size <= MOST_BYTES and body[-4:] + GZIP_MEMBER not in body:
        try:
            whole = deflate.gzip_decompress(body, size)
        except deflate.DeflateError:
            # A trailer that lies, or a truth that the other reader tells better.
            return _members(body)
        if len(whole) == size:
            return whole
    return _members(body)


def _members(body: bytes) -> bytes:
    """Every member of a gzip stream; zero bytes after the last one are padding."""
    parts: list[bytes] = []
    rest = body
    left = MOST_BYTES
    while rest or not parts:
        part, rest = _stream(rest, zlib.MAX_WBITS | 16, left)
        parts.append(part)
        left -= len(part)
        rest = rest.lstrip(b"\0")
    return b"".join(parts)


def _deflate(body: bytes) -> bytes:
    try:
        return _stream(body, zlib.MAX_WBITS, MOST_BYTES)[0]
    except zlib.error:
        # The name means zlib; some servers send the bare stream.
        return _stream(body, -zlib.MAX_WBITS, MOST_BYTES)[0]


def _stream(body: bytes, wbits: int, most: int) -> tuple[bytes, bytes]:
    """One zlib stream and what follows it."""
    stream = zlib.decompressobj(wbits)
    whole = stream.decompress(body, most + 1)
    _bounded(len(whole), most)
    if not stream.eof:
        raise EOFError("it stops short")
    return whole, stream.unused_data


def _zstd(body: bytes) -> bytes:
    # The quick reader sees what follows a frame only when the frame names its size.
    if 0 < zstandard.frame_content_size(body) <= MOST_BYTES:
        reader = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        try:
            return reader.decompress(body, allow_extra_data=False)
        except zstandard.ZstdError:
            # Several frames, or a fault that the other reader tells better.
            return _frames(body)
    return _frames(body)


def _frames(body: bytes) -> bytes:
    """Every frame of a zstd stream, with or without its content size."""
    parts: list[bytes] = []
    left = MOST_BYTES
    rest = body
    while rest or not parts:
        frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
        for at in range(0, len(rest), ZSTD_STEP):
            parts.append(frame.decompress(rest[at : at + ZSTD_STEP]))
            left -= len(parts[-1])
            _bounded(-left, 0)
            if frame.eof:
                rest = frame.unused_data + rest[at + ZSTD_STEP :]
                break
        if not frame.eof:
            raise EOFError("it stops short")
    return b"".join(parts)


def _brotli(body: bytes) -> bytes:
    stream = brotli.Decompressor()
    parts = [stream.process(body, output_buffer_limit=STEP)]
    size = len(parts[0])
    _bounded(size, MOST_BYTES)
    while not stream.is_finished() and (parts[-1] or not stream.can_accept_more_data()):
        parts.append(stream.process(b"", output_buffer_limit=STEP))
        size += len(parts[-1])
        _bounded(size, MOST_BYTES)
    if not stream.is_finished():
        raise EOFError("it stops short")
    return b"".join(parts)


def _bounded(size: int, most: int) -> None:
    if size > most:
        raise BrokenBody(f"The body inflates to more than {MOST_BYTES // 1_000_000} MB: no page is that large.")


CODINGS: dict[str, Callable[[bytes], bytes | bytearray]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
    "br": _brotli,
}
