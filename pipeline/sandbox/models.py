"""Model objects of 7-17 KB with their price rules. Texts, codes and examples are invented."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipeline.sandbox.catalog import PRODUCTS, Product, inputs_of, price_of, signed
from pipeline.sandbox.config import Config
from pipeline.sandbox.prose import prose
from pipeline.sandbox.seeded import DAY, random_id, stream, to_time, to_us

Json = dict[str, Any]
BORN = to_us(to_time(0).replace(year=2025, month=4, day=2, hour=9, minute=30))


def model_id(config: Config, n: int) -> str:
    """The id of model n."""
    return random_id(config.seed, "model", n)


def org_id(config: Config) -> str:
    """The id of the organisation."""
    return random_id(config.seed, "organization", config.organization)


def changed(config: Config, n: int, at: int, days: float, which: int) -> int | None:
    """When thing n changed, in microseconds, if it is the one that changes and the moment has come."""
    if not days or n != which or config.start is None:
        return None
    moment = to_us(config.start) + int(days * DAY)
    return moment if at >= moment else None


def model_object(config: Config, n: int, at: int) -> Json:
    """Model n as the API would show it at a moment, with its lists and price rules."""
    product, own, born = PRODUCTS[n], model_id(config, n), BORN + n * DAY // 3
    moved = changed(config, n, at, config.changes_after_days, 1)
    name = product.slug.split("/", 1)[1].replace("/", " ").replace("-", " ").title()
    return {
        "id": own,
        "org_id": None if not product.slug.startswith("runflow/") else org_id(config),
        "model_creator_id": random_id("creator", product.slug.split("/")[0]),
        "slug": product.slug,
        "name": name,
        "version": "2.1" if moved else "2.0",
        "is_public": True,
        "is_open_source": False,
        "icon_url": f"https://public.runflow.io/icons/{product.slug.split('/')[0]}.png?v=3",
        "cover_url": f"https://public.runflow.io/covers/{product.slug}.webp",
        "category_code": f"{product.media}-generation",
        "status_code": "deprecated" if moved else "active",
        "family_id": random_id("family", product.slug.split("/")[1]),
        "family_variant_code": None,
        "param_count": None,
        "architecture": "diffusion-transformer",
        "license_code": "commercial",
        "max_resolution": "4096x4096" if product.media == "image" else "1920x1080",
        "lora_support": False,
        "fine_tuning": False,
        "supports_streaming": False,
        "paper_url": None,
        "github_url": None,
        "is_official": product.slug.startswith("runflow/"),
        "availability_status": "available",
        "created_by": random_id(config.seed, "user", 0),
        "created_at": to_time(born),
        "updated_at": to_time(moved or born + DAY),
        "deleted_at": to_time(born + 30 * DAY) if n == len(PRODUCTS) - 1 else None,
        "deleted_by": random_id(config.seed, "user", 0) if n == len(PRODUCTS) - 1 else None,
        **_texts(product, name, n),
        **_lists(config, n, at, born),
    }


def _texts(product: Product, name: str, n: int) -> Json:
    return {
        "description": prose(product.slug, "description", count=3),
        "seo": {"title": f"{name} API", "description": prose(product.slug, "seo", count=1), "no_index": False},
        "notable_features": [prose(product.slug, "feature", i, count=1) for i in range(4)],
        "content": _content(product, n),
        "pricing_note": "Billed per request." if product.unit == "request" else f"Billed per {product.unit}.",
    }


def _content(product: Product, n: int) -> str:
    parts = (f"## Part {i + 1}\n\n{prose(product.slug, 'content', i, count=4 + n % 6)}" for i in range(6))
    return "\n\n".join(parts)


def _lists(config: Config, n: int, at: int, born: int) -> Json:
    product, own = PRODUCTS[n], model_id(config, n)
    return {
        "inputs": [_input(own, product, i, born) for i in range(len(product.inputs))],
        "outputs": [_output(own, product, born)],
        "examples": [_example(config, own, product, i, born) for i in range(2 + n % 3)],
        "faq_entries": [_faq(own, i, born) for i in range(2 + n % 3)],
        "pricing": pricing_objects(config, n, at),
        "related_links": [_link(config, own, n, i, born) for i in range(2)],
    }


def pricing_objects(config: Config, n: int, at: int) -> list[Json]:
    """The price rules of model n that are listed at a moment."""
    product = PRODUCTS[n]
    count = 1 + len(product.tiers)
    gone = changed(config, n, at, config.price_rule_vanishes_after_days, 2)
    return [_rule(config, product, n, i, at) for i in range(count - 1 if gone else count)]


def _rule(config: Config, product: Product, n: int, i: int, at: int) -> Json:
    own, born = model_id(config, n), BORN + n * DAY // 3
    moved = changed(config, n, at, config.changes_after_days, 0) if i == 0 else None
    field, value, price = (None, None, product.price) if i == 0 else product.tiers[i - 1]
    measured = field == "output_megapixels"
    return {
        "id": random_id(config.seed, "pricing", n, i),
        "model_id": own,
        "pricing_model_code": "per_unit",
        "rule_effect_code": "base" if i == 0 else "add" if field in {"enable_web_search", "thinking_level"} else "set",
        "model_input_id": None if i == 0 or measured else random_id(own, "input", field),
        "match_value": None if measured else value,
        "dimension_code": "megapixels" if measured else None,
        "min_value": Decimal(str(value)) if measured else None,
        "max_value": Decimal("48.5") if measured else None,
        "price": Decimal(price) * Decimal("1.1") if moved else Decimal(price),
        "currency_code": "USD",
        "unit_code": product.unit,
        "multiplier_label": f"per {product.unit}",
        "description": "List price" if i == 0 else f"When {field} is {value}",
        "sort_order": i,
        "disabled_at": None,
        "measurement_source": "output" if measured else None,
        "created_at": to_time(born),
        "updated_at": to_time(moved or born),
    }


def _input(id: str, product: Product, i: int, born: int) -> Json:
    name, kind, default = product.inputs[i]
    return {
        "id": random_id(id, "input", name),
        "model_id": id,
        "name": name,
        "display_name": name.replace("_", " ").capitalize(),
        "description": prose(id, "input", name, count=1),
        "variable_type_code": kind,
        "default_behavior_code": "static",
        "validator_code": "range" if kind == "integer" else None,
        "validator_attrs": {"min": 0, "max": 255} if kind == "integer" else {},
        "is_required": default is None,
        "default_value": default,
        "sort_order": i,
        "is_featured": i < 2,
        "created_at": to_time(born),
        "updated_at": to_time(born + i),
    }


def _output(id: str, product: Product, born: int) -> Json:
    return {
        "id": random_id(id, "output", 0),
        "model_id": id,
        "name": "outputs",
        "display_name": "Outputs",
        "description": f"The {product.media}s that were made.",
        "variable_type_code": "json",
        "validator_code": None,
        "validator_attrs": {},
        "sort_order": 0,
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }


def _example(config: Config, id: str, product: Product, i: int, born: int) -> Json:
    rng = stream(config.seed, id, "example", i)
    given = inputs_of(product, rng, f"example-{id[:8]}-{i}")
    took = rng.randint(*product.seconds) * 1000
    return {
        "id": random_id(id, "example", i),
        "model_id": id,
        "title": f"Example {i + 1}",
        "description": prose(id, "example", i, count=1),
        "input": given,
        "output": {"outputs": [{"url": signed(f"examples/{id}/{i}.webp"), "type": product.media}], "seed": None},
        "status_code": 200,
        "cost": price_of(product, given),
        "start_type": "warm" if i else "cold",
        "timing": {"inference_ms": took - 400, "queue_ms": 400},
        "duration_ms": took,
        "total_ms": took + 350,
        "thumbnail_url": f"https://public.runflow.io/examples/{id}-{i}.webp",
        "category_code": product.media,
        "is_featured": i == 0,
        "is_public": True,
        "sort_order": i,
        "ran_at": to_time(born + i),
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }


def _faq(id: str, i: int, born: int) -> Json:
    return {
        "id": random_id(id, "faq", i),
        "model_id": id,
        "question": ("How is it billed?", "Which formats are accepted?", "How long does it take?", "Is it safe?")[i],
        "answer": prose(id, "faq", i, count=3),
        "sort_order": i,
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }


def _link(config: Config, id: str, n: int, i: int, born: int) -> Json:
    return {
        "id": random_id(id, "link", i),
        "model_id": id,
        "related_model_id": model_id(config, (n + i + 1) % len(PRODUCTS)),
        "sort_order": i,
        "created_at": to_time(born),
    }
