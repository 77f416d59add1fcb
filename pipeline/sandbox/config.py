"""One frozen value with every switch of the sandbox; `--help` is made of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from pipeline.sandbox.switches import (
    ClockSwitches,
    ContentSwitches,
    RelationSwitches,
    SpellingSwitches,
    WorldSwitches,
    switch,
)

CODINGS = ("zstd", "br", "gzip")


@dataclass(frozen=True, kw_only=True)
class ListingSwitches:
    """How lists are filtered, sorted and paged."""

    cursor_name: str = switch("next", "Name of the cursor in a page.", "next", "next_pq")
    cursor_form: str = switch(
        "token", "Form of the cursor.", "token", "query", "question", "url", "relative-url", "foreign-url"
    )
    end_marker: str = switch("null", "What stands there on the last page.", "null", "missing", "empty")
    grammar: str = switch(
        "both", "Filters that are understood.", "both", "infix", "dotted", "dotted-eq", "reject", "ignore"
    )
    filter_precision: str = switch("microsecond", "How exact a filter's times are.", "microsecond", "second", "day")
    refusal_status: int = switch(422, "Status of a filter that is not understood: 422 or 400.")
    sort: str = switch(
        "honoured", "What becomes of sort_by.", "honoured", "ignored", "reversed", "unordered", "arrival", "reject"
    )
    page_cap: int = switch(500, "No page is longer, whatever the limit.")
    default_limit: int = switch(50, "Page length when no limit is sent.")
    over_limit: str = switch("reject", "What a limit above 500 does.", "reject", "clamp")
    projection: str = switch("absent", "What becomes of keys that `fields` leaves out.", "absent", "null")
    repeat_rows: int = switch(0, "Each page begins with so many rows of the page before.")
    disorder: float = switch(0.0, "Share of rows that change places with their neighbour in a page.")
    insert_while_paging: int = switch(0, "Rows that appear with every page read; a tenth is held back for it.")
    empty_page_every: int = switch(0, "Every so many pages is empty and has a cursor; 0 is never.")
    trailing_empty_page: bool = switch(False, "The last page has a cursor, to one more page without rows.")
    cursor_expires_after: int = switch(0, "A cursor to a page beyond this number is refused; 0 is never.")
    cursor_expired_status: int = switch(410, "Status of that refusal: 400, 404, 410 or 422.")
    cursor_expires_times: int = switch(0, "How often cursors expire in all; 0 is always.")
    cursor_repeats_after: int = switch(0, "From this page on the cursor leads to the same page; 0 is never.")
    drop_runs: float = switch(0.0, "Share of runs that lists leave out, with their logs, though totals count them.")
    expired_logs: float = switch(0.0, "Share of runs that say to have logs of which no list shows any.")
    drop_logs: float = switch(0.0, "Share of logs that the list over all runs leaves out.")


@dataclass(frozen=True, kw_only=True)
class ServerSwitches:
    """How the server behaves. `every` counts requests: 5 is the 5th, the 10th and so on; 0 is never."""

    api_key: str = switch("rf_live_sandbox", "The key that is let in; empty lets any key in.")
    codings: tuple[str, ...] = switch(CODINGS, "Content codings on offer, best first.", *CODINGS)
    gzip_level: int = switch(5, "Level of gzip.")
    latency_ms: float = switch(0.0, "Milliseconds before each answer.")
    rate_limit: float = switch(0.0, "Requests a second before 429; 0 is no limit.")
    rate_headers: bool = switch(False, "Answers carry X-RateLimit-Limit, -Remaining and -Reset.")
    rate_limit_every: int = switch(0, "Every so many requests is answered with 429.")
    retry_after: str = switch("seconds", "The Retry-After of a 429 or 503.", "seconds", "date", "nonsense", "none")
    retry_after_seconds: int = switch(1, "How long it asks to wait.")
    server_error_every: int = switch(0, "Every so many requests is answered with a 5xx and an HTML body.")
    server_error_status: int = switch(503, "Which 5xx.")
    reset_every: int = switch(0, "Every so many answers is reset in the middle of its body.")
    truncate_every: int = switch(0, "Every so many answers ends before its Content-Length.")
    cut_every: int = switch(0, "Every so many bodies is cut in half, with a Content-Length that agrees.")
    error_in_200_every: int = switch(0, "Every so many answers is a 200 that holds an error envelope.")
    stall_every: int = switch(0, "Every so many answers comes only after stall_seconds.")
    stall_seconds: float = switch(60.0, "How long a stalled answer takes.")
    redirect_every: int = switch(0, "Every so many answers is a redirect to a foreign host.")
    unauthorized_after: int = switch(0, "From this request on every answer is 401; 0 is never.")
    forbidden_after: int = switch(0, "From this request on every answer is 403; 0 is never.")
    forbidden: tuple[str, ...] = switch((), "Kinds of endpoint that answer 403, e.g. models,pricing.")
    missing_endpoints: tuple[str, ...] = switch((), "Kinds of endpoint that answer 404, e.g. stats,me.")
    stats_top: int = switch(5, "How many flows the totals name.")
    stats_zone_hours: int = switch(0, "The totals' days begin at this offset from UTC.")
    stats_spend_error: str = switch("0", "Added to each day's spend in the totals.")
    stats_count_error: int = switch(0, "Added to each day's number of runs in the totals.")
    stats_bounds_hours: float = switch(0.0, "The totals take their bounds for so many hours later.")
    stats_decimals: int = switch(-1, "Decimals that the totals' spend is rounded to; below 0 is none.")
    stats_rounding: str = switch("sum", "What is rounded: a day's sum, or the cost of each run.", "sum", "run")
    stats_open_spend: bool = switch(True, "The totals' spend holds the cost of runs that have not ended.")
    stats_gone: bool = switch(False, "The totals count runs that are gone.")
    unreadable_targets: tuple[str, ...] = switch(
        (), "Kinds of target whose runs may not be read, though totals count them.", "model", "flow", "comfyui_workflow"
    )
    balance_shape: str = switch("reference", "Which page's balance.", "reference", "cents")


@dataclass(frozen=True, kw_only=True)
class Config(
    WorldSwitches, ClockSwitches, ContentSwitches, RelationSwitches, SpellingSwitches, ListingSwitches, ServerSwitches
):
    """Everything the sandbox can be told. ValueError for a choice that does not exist."""

    def __post_init__(self) -> None:
        for each in fields(self):
            held, choices = getattr(self, each.name), each.metadata["choices"]
            if choices and not set(held if isinstance(held, tuple) else (held,)) <= set(choices):
                raise ValueError(f"{each.name} is {held!r}: there is {', '.join(choices)}")

    def pinned(self) -> Config:
        """The same, with the world's start settled, so that it stays when the clock moves."""
        if self.start is not None:
            return self
        midnight = self.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return replace(self, start=midnight - timedelta(days=self.days))

    def clock(self) -> datetime:
        """The virtual time."""
        base = datetime.now(UTC) if self.now is None else self.now
        return base + timedelta(seconds=self.clock_offset)

    @property
    def world(self) -> tuple[object, ...]:
        """The values that decide which rows exist."""
        return tuple(getattr(self, f.name) for f in fields(self) if f.metadata["world"])


BENCH = Config(logs_per_run=40, flows=10, no_logs=0.0, both_relations=True)
"""The size that speed is measured on: 20-60 logs a run, each run of a flow with a model."""
