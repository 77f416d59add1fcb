"""Refusals, and the body that tells of one in each envelope on record (API contract 1.11 and 2.8)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

JSON, HTML = "application/json", "text/html; charset=utf-8"
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "INSUFFICIENT_CREDIT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
}


class Refusal(Exception):
    """An answer that is an error. code: the API's own word; field: the parameter that a 422 is about."""

    def __init__(self, status: int, message: str, *, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES.get(status, "UNAVAILABLE")
        self.field = field


def phrase(status: int) -> str:
    """What HTTP calls a status; empty for one it does not know."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def page_of_html(status: int) -> bytes:
    """What a proxy says in place of the API."""
    title = f"{status} {phrase(status)}"
    return f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\n".encode()


def told(refusal: Refusal, envelope: str) -> tuple[str, bytes]:
    """Content type and body of a refusal."""
    if envelope == "html":
        return HTML, page_of_html(refusal.status)
    where = ["query", refusal.field] if refusal.field else ["query"]
    details = [{"loc": where, "msg": refusal.message, "type": "value_error"}] if refusal.status == 422 else None
    bodies: dict[str, Any] = {
        "flat": {"code": refusal.code, "message": refusal.message, "errors": details},
        "nested": {"error": {"message": refusal.message, "code": refusal.code}},
        "nested-string": {"error": refusal.message, "code": refusal.code},
        "detail": {"detail": details or refusal.message},
    }
    return JSON, msgspec.json.encode(bodies[envelope])
