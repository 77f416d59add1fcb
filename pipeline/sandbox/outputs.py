"""Outputs of runs, in the newer normalised shape or in any shape ever seen (API contract 2.10)."""

from __future__ import annotations

import base64
from typing import Any

from pipeline.sandbox.catalog import PRODUCTS, inputs_of, signed, units
from pipeline.sandbox.config import Config
from pipeline.sandbox.runs import Run
from pipeline.sandbox.seeded import SECOND

FORGOTTEN_AFTER = 3600 * SECOND


def output_of(config: Config, run: Run, at: int) -> Any:
    """The output of a run at a moment: null while it runs, an error envelope or null when it failed."""
    if at < run.completed or run.end == "canceled":
        return None
    if run.end == "failed":
        return {"code": "RUN_FAILED", "message": "the run failed"} if run.spread % 2 else None
    if run.chance("forgotten") < config.forgotten_outputs and at >= run.completed + FORGOTTEN_AFTER:
        return None
    if config.data_uri_bytes and run.spread % config.data_uri_every == 0:
        return _normal(run, _data_uri(config.data_uri_bytes))
    return _mixed(run) if config.output_shapes == "mixed" else _normal(run, _url(run, 0))


def _url(run: Run, i: int) -> str:
    ending = "mp4" if PRODUCTS[run.product].media == "video" else "webp"
    return signed(f"outputs/{run.id}/{i}.{ending}")


def _normal(run: Run, first: str) -> dict[str, Any]:
    product = PRODUCTS[run.product]
    images = units(product, inputs_of(product, run.rng("input"), run.id)) if product.unit == "image" else 1
    urls = [first, *(_url(run, i) for i in range(1, images))]
    return {
        "outputs": [{"url": url, "type": product.media} for url in urls],
        "seed": run.spread if run.spread % 2 else None,
        "timing": None,
        "nsfw_detected": None,
    }


def _mixed(run: Run) -> Any:
    url = _url(run, 0)
    shapes: tuple[Any, ...] = (
        _normal(run, url),
        {"image_urls": [url, _url(run, 1)]},
        {"image": {"url": url}},
        {"image": [url]},
        {"url": url},
        {"output_url": url},
        {"images": [{"url": url, "width": 2752, "height": 1536}]},
        url,
        None,
    )
    return shapes[run.spread % len(shapes)]


def _data_uri(size: int) -> str:
    seven = bytes(range(256)) * (size * 3 // 4 // 256 + 1)
    return "data:image/png;base64," + base64.b64encode(seven).decode()[:size]
