"""Which fields a list can be filtered, sorted and projected by, and the kinds of their values.

Keys as on the API page "Get run log" and the newer run pages.
"""

from __future__ import annotations

KEYS: dict[str, tuple[str, ...]] = {
    kind: tuple(keys.split())
    for kind, keys in {
        "logs": "id run_id level_code message timestamp meta run",
        "runs": """id flow_id model_id comfyui_workflow_id target_type target_version org_id status_code source_code
            input output context duration_ms cost nodes_total nodes_completed jurisdiction_code flow_version_id
            request_id created_by created_at started_at completed_at callback_url metadata has_logs has_node_runs
            links cost_breakdown resolved_template_id batch_id client_ref failure_code failure_message
            failure_stage_code feedback_is_positive feedback_reason source_chat_message_id
            current_evaluation_summary node_runs logs flow model""",
        "node_runs": """id run_id node_id flow_id state_code input output input_signature preview_type preview_value
            duration_ms cost retry_count error_message created_at started_at completed_at""",
        "flows": """id slug name description cover_url org_id flow_type_code category_code visibility_code
            source_visibility_code status_code version current_version_id estimated_cost context_variables run_count
            avg_duration cost_per_run featured_at created_by created_at updated_at nodes inputs outputs
            created_by_user recent_stars""",
        "flow_nodes": """id flow_id slug label subtitle type_code x y width config collapsed model_id
            builtin_node_code comfyui_workflow_id sub_flow_id created_at updated_at flow inputs outputs""",
        "models": """id org_id model_creator_id slug name description version is_public is_open_source icon_url
            cover_url category_code status_code family_id family_variant_code param_count architecture license_code
            max_resolution lora_support fine_tuning supports_streaming paper_url github_url is_official
            availability_status seo notable_features content pricing_note created_by created_at updated_at deleted_at
            deleted_by inputs outputs examples faq_entries pricing related_links""",
        "pricing": """id model_id pricing_model_code rule_effect_code model_input_id match_value dimension_code
            min_value max_value price currency_code unit_code multiplier_label description sort_order disabled_at
            measurement_source created_at updated_at""",
    }.items()
}

TIME_OF = {"logs": "timestamp"}
"""The field that orders a list of this kind; created_at where it is not named."""

_NUMBERS = {
    "duration_ms", "cost", "nodes_total", "nodes_completed", "retry_count", "estimated_cost", "run_count",
    "cost_per_run", "x", "y", "width", "min_value", "max_value", "price", "sort_order",
}  # fmt: skip
_FLAGS = {
    "has_logs", "has_node_runs", "feedback_is_positive", "is_public", "is_open_source", "lora_support", "fine_tuning",
    "supports_streaming", "is_official", "collapsed",
}  # fmt: skip
_FREE = {
    "meta", "run", "input", "output", "context", "metadata", "links", "cost_breakdown", "current_evaluation_summary",
    "node_runs", "logs", "flow", "model", "context_variables", "nodes", "inputs", "outputs", "created_by_user",
    "recent_stars", "config", "seo", "notable_features", "examples", "faq_entries", "pricing", "related_links",
    "match_value",
}  # fmt: skip


def time_of(kind: str) -> str:
    """The field that orders a list of this kind."""
    return TIME_OF.get(kind, "created_at")


def value_kind(kind: str, field: str) -> str | None:
    """time, number, flag or text; None for a field that does not exist or cannot be compared."""
    if field not in KEYS[kind] or field in _FREE:
        return None
    if field.endswith("_at") or field == "timestamp":
        return "time"
    if field in _NUMBERS or (kind == "flows" and field == "version"):
        return "number"
    return "flag" if field in _FLAGS else "text"
