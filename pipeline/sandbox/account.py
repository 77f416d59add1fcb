"""The answers that hold no rows: the key's owner, the balance, statuses, and whether the service is well."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipeline.sandbox.config import Config
from pipeline.sandbox.envelope import Refusal
from pipeline.sandbox.models import BORN, org_id
from pipeline.sandbox.seeded import random_id, to_time

Json = dict[str, Any]
MEMBERSHIP = ("memberships", "organizations", "pending_invitations")
SCOPES = ["runs:read", "models:read", "flows:read", "credit_balance:read"]
ENDED = ("succeeded", "partial_succeeded", "failed", "canceled")


def me(config: Config, given: dict[str, str]) -> Json:
    """Who the key belongs to."""
    asked = {part.strip() for part in given.get("embed", "").split(",") if part.strip()}
    if asked - set(MEMBERSHIP):
        raise Refusal(422, f"embed takes {', '.join(MEMBERSHIP)}", field="embed")
    slug = config.organization.lower().replace(" ", "-")
    org = {"id": org_id(config), "name": config.organization, "slug": slug, "plan_code": "team"}
    relations: Json = {
        "memberships": [{"org": org, "role_code": "admin", "scopes": SCOPES}],
        "organizations": [org],
        "pending_invitations": [],
    }
    return {
        "id": random_id(config.seed, "user", 0),
        "email": "mara.lind@example.com" if config.personal_data else None,
        "first_name": "Mara" if config.personal_data else None,
        "last_name": "Lind" if config.personal_data else None,
        "avatar_url": None,
        "timezone": "Europe/Berlin",
        "locale_code": "en",
        "email_verified_at": to_time(BORN),
        **{name: relations[name] for name in MEMBERSHIP if name in asked},
    }


def balance(config: Config) -> Json:
    """What is left, as one page or the other describes it."""
    left = Decimal("248.1150")
    if config.balance_shape == "cents":
        return {"balance_cents": int(left * 100), "currency": "USD"}
    return {
        "id": random_id(config.seed, "balance"),
        "org_id": org_id(config),
        "balance": left,
        "low_balance_threshold": Decimal("20.0000"),
        "low_balance_notified_at": None,
        "created_at": to_time(BORN),
        "updated_at": to_time(BORN),
    }


def statuses(config: Config) -> Json:
    """The statuses a run can have. The shape of this answer is invented."""
    ended = tuple(config.cancel_spelling if name == "canceled" else name for name in ENDED)
    ended = tuple("canceled" if name == "mixed" else name for name in ended)
    names = ("queued", "dispatching", "running", *ended)
    return {"items": [{"code": name, "is_terminal": name in ended} for name in names]}


def health() -> Json:
    """Both shapes on record at once."""
    return {"status": "ok", "ok": True}


def readiness() -> Json:
    """Database and cache."""
    return {"status": "ok", "database": "ok", "redis": "ok"}
