"""Content codings: which one the client takes, and the body in it."""

from __future__ import annotations

import gzip

import brotli
import zstandard

SMALLEST = 512


def chosen(offered: tuple[str, ...], accepted: str) -> str:
    """The first coding on offer that an Accept-Encoding takes; empty for none."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        try:
            weights[name.strip()] = float(weight.partition("=")[2] or 1)
        except ValueError:
            weights[name.strip()] = 0.0
    return next((name for name in offered if weights.get(name, weights.get("*", 0.0)) > 0), "")


def coded(body: bytes, coding: str, gzip_level: int) -> bytes:
    """The body in one of the codings of the switches."""
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=1).compress(body)
    if coding == "br":
        compressed: bytes = brotli.compress(body, quality=1)
        return compressed
    return gzip.compress(body, gzip_level, mtime=0)
