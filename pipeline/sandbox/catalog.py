"""The models on offer.

Slugs, list prices and input names are those of the public model pages of April and May 2026 (the API contract, 5.2
and 5.3); durations, categories and the rules of surcharges beyond the two that the pages name are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

MARK = "\ue000"
"""Stands in an object where the query of a signed URL goes; no wire ever shows it."""

BUCKET = "https://runflow-prod.s3.dualstack.eu-central-1.amazonaws.com"


def signed(path: str) -> str:
    """An asset's URL, to be signed when it is read."""
    return f"{BUCKET}/{path}{MARK}"


@dataclass(frozen=True, slots=True)
class Product:
    """A model: what it is called, what a unit costs in USD, how long a run takes, what it asks for."""

    slug: str
    price: str
    unit: str
    seconds: tuple[int, int]
    media: str
    inputs: tuple[tuple[str, str, Any], ...]
    tiers: tuple[tuple[str, Any, str], ...] = ()


PROMPT = ("prompt", "string", None)
IMAGE = ("image_url", "image", None)
NANO: tuple[tuple[str, str, Any], ...] = (
    PROMPT,
    ("aspect_ratio", "string", "1:1"),
    ("resolution", "string", "1K"),
    ("num_images", "integer", 1),
    ("output_format", "string", "png"),
    ("safety_tolerance", "string", "4"),
    ("sync_mode", "boolean", False),
    ("enable_web_search", "boolean", False),
)
NANO_EDIT = (*NANO, ("image_urls", "json", []))
VIDEO: tuple[tuple[str, str, Any], ...] = (
    PROMPT,
    ("duration", "integer", 5),
    ("resolution", "string", "1080p"),
    ("seed", "integer", None),
)
VEO: tuple[tuple[str, str, Any], ...] = (
    PROMPT,
    ("duration", "string", "8s"),
    ("aspect_ratio", "string", "16:9"),
    ("resolution", "string", "720p"),
    ("generate_audio", "boolean", True),
)
UPSCALE: tuple[tuple[str, str, Any], ...] = (
    ("model", "string", "Standard V2"),
    IMAGE,
    ("upscale_factor", "integer", 2),
    ("face_enhancement", "boolean", True),
    ("face_enhancement_strength", "number", 0.8),
    ("face_enhancement_creativity", "number", 0.25),
    ("subject_detection", "string", "All"),
    ("output_format", "string", "jpeg"),
)
COLOR: tuple[tuple[str, str, Any], ...] = (
    IMAGE,
    ("color_red", "integer", 255),
    ("color_green", "integer", 255),
    ("color_blue", "integer", 255),
)
INPAINT: tuple[tuple[str, str, Any], ...] = (
    IMAGE,
    ("mask_url", "image", None),
    ("reference_url", "image", None),
    PROMPT,
)
RESIZE: tuple[tuple[str, str, Any], ...] = (
    IMAGE,
    ("aspect_ratio", "string", "16:9"),
    ("resolution", "string", "2K"),
)
SEARCH = (("enable_web_search", True, "0.015"), ("thinking_level", "high", "0.002"))
TIERS = (("resolution", "2K", "0.12"), ("resolution", "4K", "0.24"))

PRODUCTS: tuple[Product, ...] = (
    Product("google/nano-banana-pro", "0.15", "image", (8, 30), "image", NANO, TIERS),
    Product("google/nano-banana-pro/edit", "0.15", "image", (8, 35), "image", NANO_EDIT, TIERS),
    Product("google/nano-banana-2", "0.08", "image", (4, 15), "image", NANO, (*TIERS, *SEARCH)),
    Product("google/nano-banana-2/edit", "0.08", "image", (5, 18), "image", NANO_EDIT, (*TIERS, *SEARCH)),
    Product("openai/gpt-image-2/edit", "0.133", "image", (15, 60), "image", (PROMPT, ("image_urls", "json", []))),
    Product("topaz/upscale/image", "0.08", "image", (6, 40), "image", UPSCALE, (("output_megapixels", 24, "0.16"),)),
    Product("runflow/smart-resize", "0.55", "request", (20, 45), "image", RESIZE),
    Product("runflow/skin-fix", "0.12", "request", (10, 30), "image", (IMAGE,)),
    Product("alibaba/wan/v2.7/text-to-video", "0.1", "second", (60, 240), "video", VIDEO),
    Product("bytedance/seedance/2.0/text-to-video", "0.3034", "second", (80, 300), "video", VIDEO),
    Product("bytedance/seedance/2.0/fast/text-to-video", "0.2419", "second", (40, 150), "video", VIDEO),
    Product("kuaishou/kling-video/v3/pro/text-to-video", "0.112", "second", (90, 400), "video", VIDEO),
    Product("google/veo3.1/fast", "0.1", "second", (50, 180), "video", VEO),
    Product("runflow/background-color", "0.02", "request", (2, 8), "image", COLOR),
    Product("runflow/reference-inpaint", "0.1", "request", (12, 40), "image", INPAINT),
    Product("runflow/background-removal", "0.02", "request", (2, 6), "image", (IMAGE,)),
    Product("runflow/outpaint", "0.1", "request", (10, 35), "image", (IMAGE, ("direction", "string", "all"))),
    Product("runflow/tag-removal", "0.05", "request", (4, 12), "image", (IMAGE,)),
)

_SUBJECTS = ("a ceramic mug", "running shoes", "a linen shirt", "a glass bottle", "a leather bag", "an oak chair")
_PLACES = ("on a marble table", "in morning light", "against a plain backdrop", "by the sea", "in a studio", "outdoors")
_STYLES = ("soft shadows", "high contrast", "editorial look", "catalogue look", "35 mm film", "no text, no logo")


def prompt(rng: Random) -> str:
    """A prompt as shops write them. Invented."""
    return f"{rng.choice(_SUBJECTS)} {rng.choice(_PLACES)}, {rng.choice(_STYLES)}, {rng.choice(_STYLES)}"


def inputs_of(product: Product, rng: Random, run_id: str) -> dict[str, Any]:
    """The input of one run: real key names and types, invented values."""
    given: dict[str, Any] = {}
    for name, kind, default in product.inputs:
        if name == "prompt":
            given[name] = prompt(rng)
        elif name == "image_urls":
            given[name] = [signed(f"inputs/{run_id}/{i}.jpg") for i in range(rng.randint(1, 3))]
        elif kind == "image":
            given[name] = signed(f"inputs/{run_id}/{name.removesuffix('_url')}.jpg")
        elif name.startswith("color_"):
            given[name] = rng.randint(0, 255)
        elif name == "num_images":
            given[name] = rng.choice((1, 1, 1, 2, 4))
        else:
            given[name] = default
    return given


def units(product: Product, given: dict[str, Any]) -> int:
    """How many units of the price a run takes: images, seconds, or one request."""
    if product.unit == "second":
        return int(str(given.get("duration", 5)).removesuffix("s"))
    return int(given.get("num_images", 1)) if product.unit == "image" else 1


def price_of(product: Product, given: dict[str, Any]) -> Decimal:
    """The list price of a run with this input, in USD."""
    return Decimal(product.price) * units(product, given)
