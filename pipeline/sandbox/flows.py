"""Flow objects of 10-22 KB. Every name, text and code in them is invented."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipeline.sandbox.catalog import PRODUCTS
from pipeline.sandbox.config import Config
from pipeline.sandbox.models import BORN, changed, model_id, org_id
from pipeline.sandbox.prose import prose
from pipeline.sandbox.seeded import DAY, random_id, stream, to_time

Json = dict[str, Any]
NAMES = (
    "Product Hero Images",
    "Catalogue Cut-outs",
    "Social Video Teasers",
    "Seasonal Campaign",
    "Marketplace Resizes",
    "Model On Location",
    "Packaging Mock-ups",
    "Banner Localisation",
    "Fabric Recolour",
    "Lookbook Pages",
)
USERS = (("mara.lind@example.com", "Mara", "Lind"), ("jo.okafor@example.com", "Jo", "Okafor"), (None, "Ines", None))


def flow_id(config: Config, n: int) -> str:
    """The id of flow n."""
    return random_id(config.seed, "flow", n)


def node_count(config: Config, n: int) -> int:
    """How many nodes flow n has."""
    return 4 + stream(config.seed, "flow", n).randint(0, 4)


def node_id(config: Config, n: int, i: int) -> str:
    """The id of node i of flow n."""
    return random_id(config.seed, "flow", n, "node", i)


def flow_name(n: int) -> str:
    """What flow n is called."""
    return NAMES[n % len(NAMES)] + (f" {n // len(NAMES) + 1}" if n >= len(NAMES) else "")


def flow_slug(n: int) -> str:
    """The slug of flow n."""
    return flow_name(n).lower().replace(" ", "-")


def flow_object(config: Config, n: int, at: int, run_count: int) -> Json:
    """Flow n as the API would show it at a moment, with its nodes."""
    own, born = flow_id(config, n), BORN + (40 + n) * DAY
    moved = changed(config, n, at, config.changes_after_days, 0)
    version = 4 if moved else 3
    return {
        "id": own,
        "slug": flow_slug(n),
        "name": flow_name(n),
        "description": prose(own, "description", count=3),
        "cover_url": f"https://public.runflow.io/flows/{flow_slug(n)}.webp",
        "org_id": org_id(config),
        "flow_type_code": "standard",
        "category_code": "commerce",
        "visibility_code": "private",
        "source_visibility_code": "private",
        "status_code": "published",
        "version": version,
        "current_version_id": random_id(own, "version", version),
        "estimated_cost": Decimal(node_count(config, n)) * Decimal("0.085"),
        "context_variables": {"brand": "house", "locale": "en-GB", "palette": ["#0b0b0b", "#f5f0e6"]},
        "run_count": run_count,
        "avg_duration": "48.25",
        "cost_per_run": Decimal(node_count(config, n)) * Decimal("0.0813"),
        "featured_at": to_time(born + 5 * DAY) if n == 0 else None,
        "created_by": random_id(config.seed, "user", n % len(USERS)),
        "created_at": to_time(born),
        "updated_at": to_time(moved or born + DAY),
        "nodes": [_node(config, n, i, born) for i in range(node_count(config, n))],
        "inputs": [_flow_input(own, i, born) for i in range(3)],
        "outputs": [_flow_output(own, 0, born)],
        "created_by_user": _user(config, n % len(USERS)),
        "recent_stars": [_star(config, own, i, born) for i in range(n % 3)],
    }


def _user(config: Config, n: int) -> Json:
    email, first, last = USERS[n] if config.personal_data else (None, None, None)
    own = random_id(config.seed, "user", n)
    avatar = f"https://public.runflow.io/avatars/{own}.png" if config.personal_data else None
    return {"id": own, "email": email, "first_name": first, "last_name": last, "avatar_url": avatar}


def _star(config: Config, id: str, i: int, born: int) -> Json:
    user = random_id(config.seed, "user", i)
    return {"id": random_id(id, "star", i), "user_id": user, "flow_id": id, "created_at": to_time(born + i * DAY)}


def _node(config: Config, n: int, i: int, born: int) -> Json:
    own = node_id(config, n, i)
    last = i == node_count(config, n) - 1
    return {
        "id": own,
        "flow_id": flow_id(config, n),
        "slug": f"step-{i + 1}",
        "label": f"Step {i + 1}",
        "subtitle": PRODUCTS[(n + i) % len(PRODUCTS)].slug,
        "type_code": "output" if last else "model",
        "x": 120 + 320 * i,
        "y": 80 + 40 * (i % 2),
        "width": 280,
        "config": {"retries": 2, "timeout_s": 600, "notes": prose(own, "notes", count=1)},
        "collapsed": False,
        "model_id": None if last else model_id(config, (n + i) % len(PRODUCTS)),
        "builtin_node_code": "collect" if last else None,
        "comfyui_workflow_id": None,
        "sub_flow_id": None,
        "created_at": to_time(born),
        "updated_at": to_time(born + i * 1_000_003),
        "flow": None,
        "inputs": [_node_input(own, i, j, born) for j in range(2 + (n + i) % 2)],
        "outputs": [_node_output(own, born)],
    }


def _node_input(id: str, i: int, j: int, born: int) -> Json:
    name = ("image_url", "prompt", "aspect_ratio")[j]
    return {
        "id": random_id(id, "input", j),
        "flow_node_id": id,
        "name": name,
        "display_name": name.replace("_", " ").capitalize(),
        "variable_type_code": "image" if j == 0 else "string",
        "validator_code": None,
        "validator_attrs": {},
        "is_required": j == 0,
        "default_value": ("16:9", None, {"preset": "wide"})[j],
        "sort_order": j,
        "behavior_code": "connected" if i and j == 0 else "static",
        "value": None if j == 0 else prose(id, "value", j, count=1),
        "source_output_id": random_id(id, "source", j) if i and j == 0 else None,
        "connection_label": None,
        "connection_style_code": "solid" if i and j == 0 else None,
        "retry_source_output_id": None,
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }


def _node_output(id: str, born: int) -> Json:
    return {
        "id": random_id(id, "output", 0),
        "flow_node_id": id,
        "name": "image",
        "display_name": "Image",
        "variable_type_code": "image",
        "validator_code": None,
        "validator_attrs": {},
        "sort_order": 0,
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }


def _flow_input(id: str, i: int, born: int) -> Json:
    name = ("product_image", "headline", "Aux Reference 1")[i]
    return {
        "id": random_id(id, "flow-input", i),
        "flow_id": id,
        "name": name,
        "display_name": name.replace("_", " ").capitalize(),
        "description": prose(id, "flow-input", i, count=1),
        "variable_type_code": ("image", "string", "image")[i],
        "validator_code": None,
        "validator_attrs": {"max_length": 120} if i == 1 else {},
        "is_required": i == 0,
        "default_value": ({"url": None}, "Made to last", None)[i],
        "sort_order": i,
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }


def _flow_output(id: str, i: int, born: int) -> Json:
    return {
        "id": random_id(id, "flow-output", i),
        "flow_id": id,
        "name": "image",
        "display_name": "Image",
        "description": "The finished picture.",
        "variable_type_code": "image",
        "validator_code": None,
        "validator_attrs": {},
        "sort_order": i,
        "created_at": to_time(born),
        "updated_at": to_time(born),
    }
