"""What the source sends, as msgspec structs: the known keys of each object and the kinds of their values.

A key may be absent (UNSET, or an empty Raw), null, or filled; the three are different things to the merge.
Money and free JSON stay raw, so that no float comes near them. Keys that are not here are not lost: decode
keeps them for the table's `extra`. Source: the API page "Get run log" and the newer run pages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

ABSENT = Raw()

Text = str | None | UnsetType
Id = UUID | None | UnsetType
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None | UnsetType
Flag = bool | None | UnsetType
Time = Annotated[datetime, Meta(tz=True)] | None | UnsetType
Money = Raw
Json = Raw


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """A log line with the run that wrote it."""

    id: UUID
    run_id: Id = UNSET
    level_code: Text = UNSET
    message: Text = UNSET
    timestamp: Time = UNSET
    meta: Json = ABSENT
    run: Json = ABSENT


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """A run, in any of the three documented generations, with its relations unread."""

    id: UUID
    flow_id: Id = UNSET
    model_id: Id = UNSET
    comfyui_workflow_id: Id = UNSET
    target_type: Text = UNSET
    target_version: Text = UNSET
    org_id: Id = UNSET
    status_code: Text = UNSET
    source_code: Text = UNSET
    input: Json = ABSENT
    output: Json = ABSENT
    context: Json = ABSENT
    duration_ms: Whole = UNSET
    cost: Money = ABSENT
    nodes_total: Whole = UNSET
    nodes_completed: Whole = UNSET
    jurisdiction_code: Text = UNSET
    flow_version_id: Id = UNSET
    request_id: Text = UNSET
    created_by: Id = UNSET
    created_at: Time = UNSET
    started_at: Time = UNSET
    completed_at: Time = UNSET
    callback_url: Text = UNSET
    metadata: Json = ABSENT
    has_logs: Flag = UNSET
    has_node_runs: Flag = UNSET
    links: Json = ABSENT
    cost_breakdown: Json = ABSENT
    resolved_template_id: Text = UNSET
    batch_id: Text = UNSET
    client_ref: Text = UNSET
    failure_code: Text = UNSET
    failure_message: Text = UNSET
    failure_stage_code: Text = UNSET
    feedback_is_positive: Flag = UNSET
    feedback_reason: Text = UNSET
    source_chat_message_id: Text = UNSET
    current_evaluation_summary: Json = ABSENT
    node_runs: Json = ABSENT
    logs: Json = ABSENT
    flow: Json = ABSENT
    model: Json = ABSENT


class NodeRun(Struct, frozen=True, forbid_unknown_fields=True):
    """One executed node of a run."""

    id: UUID
    run_id: Id = UNSET
    node_id: Id = UNSET
    flow_id: Id = UNSET
    state_code: Text = UNSET
    input: Json = ABSENT
    output: Json = ABSENT
    input_signature: Text = UNSET
    preview_type: Text = UNSET
    preview_value: Text = UNSET
    duration_ms: Whole = UNSET
    cost: Money = ABSENT
    retry_count: Whole = UNSET
    error_message: Text = UNSET
    created_at: Time = UNSET
    started_at: Time = UNSET
    completed_at: Time = UNSET


class Flow(Struct, frozen=True, forbid_unknown_fields=True):
    """A flow; its lists are kept whole."""

    id: UUID
    slug: Text = UNSET
    name: Text = UNSET
    description: Text = UNSET
    cover_url: Text = UNSET
    org_id: Id = UNSET
    flow_type_code: Text = UNSET
    category_code: Text = UNSET
    visibility_code: Text = UNSET
    source_visibility_code: Text = UNSET
    status_code: Text = UNSET
    version: Whole = UNSET
    current_version_id: Id = UNSET
    estimated_cost: Money = ABSENT
    context_variables: Json = ABSENT
    run_count: Whole = UNSET
    avg_duration: Text = UNSET
    cost_per_run: Money = ABSENT
    featured_at: Time = UNSET
    created_by: Id = UNSET
    created_at: Time = UNSET
    updated_at: Time = UNSET
    nodes: Json = ABSENT
    inputs: Json = ABSENT
    outputs: Json = ABSENT
    created_by_user: Json = ABSENT
    recent_stars: Json = ABSENT


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """A model; its price rules are rows of their own, its other lists are kept whole."""

    id: UUID
    org_id: Id = UNSET
    model_creator_id: Id = UNSET
    slug: Text = UNSET
    name: Text = UNSET
    description: Text = UNSET
    version: Text = UNSET
    is_public: Flag = UNSET
    is_open_source: Flag = UNSET
    icon_url: Text = UNSET
    cover_url: Text = UNSET
    category_code: Text = UNSET
    status_code: Text = UNSET
    family_id: Id = UNSET
    family_variant_code: Text = UNSET
    param_count: Text = UNSET
    architecture: Text = UNSET
    license_code: Text = UNSET
    max_resolution: Text = UNSET
    lora_support: Flag = UNSET
    fine_tuning: Flag = UNSET
    supports_streaming: Flag = UNSET
    paper_url: Text = UNSET
    github_url: Text = UNSET
    is_official: Flag = UNSET
    availability_status: Text = UNSET
    seo: Json = ABSENT
    notable_features: Json = ABSENT
    content: Text = UNSET
    pricing_note: Text = UNSET
    created_by: Id = UNSET
    created_at: Time = UNSET
    updated_at: Time = UNSET
    deleted_at: Time = UNSET
    deleted_by: Id = UNSET
    inputs: Json = ABSENT
    outputs: Json = ABSENT
    examples: Json = ABSENT
    faq_entries: Json = ABSENT
    related_links: Json = ABSENT
    pricing: Json = ABSENT


class Pricing(Struct, frozen=True, forbid_unknown_fields=True):
    """One price rule of a model."""

    id: UUID
    model_id: Id = UNSET
    pricing_model_code: Text = UNSET
    rule_effect_code: Text = UNSET
    model_input_id: Id = UNSET
    match_value: Json = ABSENT
    dimension_code: Text = UNSET
    min_value: Money = ABSENT
    max_value: Money = ABSENT
    price: Money = ABSENT
    currency_code: Text = UNSET
    unit_code: Text = UNSET
    multiplier_label: Text = UNSET
    description: Text = UNSET
    sort_order: Whole = UNSET
    disabled_at: Time = UNSET
    measurement_source: Text = UNSET
    created_at: Time = UNSET
    updated_at: Time = UNSET
