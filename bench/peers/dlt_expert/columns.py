"""The six tables as their author wrote them down: columns by dlt's data type."""

COLUMNS: dict[str, dict[str, str]] = {
    "logs": {
        "text": "id run_id level_code message",
        "timestamp": "timestamp",
        "json": "meta",
    },
    "runs": {
        "text": (
            "id flow_id model_id comfyui_workflow_id target_type target_version org_id status_code "
            "source_code jurisdiction_code flow_version_id request_id created_by callback_url "
            "resolved_template_id batch_id client_ref failure_code failure_message failure_stage_code "
            "feedback_reason source_chat_message_id"
        ),
        "json": "input output context metadata links cost_breakdown current_evaluation_summary",
        "bigint": "duration_ms nodes_total nodes_completed",
        "decimal": "cost",
        "timestamp": "created_at started_at completed_at",
        "bool": "has_logs has_node_runs feedback_is_positive",
    },
    "node_runs": {
        "text": "id run_id node_id flow_id state_code input_signature preview_type preview_value error_message",
        "json": "input output",
        "bigint": "duration_ms retry_count",
        "decimal": "cost",
        "timestamp": "created_at started_at completed_at",
    },
    "flows": {
        "text": (
            "id slug name description cover_url org_id flow_type_code category_code visibility_code "
            "source_visibility_code status_code current_version_id avg_duration created_by"
        ),
        "bigint": "version run_count",
        "decimal": "estimated_cost cost_per_run",
        "json": "context_variables nodes inputs outputs created_by_user recent_stars",
        "timestamp": "featured_at created_at updated_at",
    },
    "models": {
        "text": (
            "id org_id model_creator_id slug name description version icon_url cover_url category_code "
            "status_code family_id family_variant_code param_count architecture license_code max_resolution "
            "paper_url github_url availability_status content pricing_note created_by deleted_by"
        ),
        "bool": "is_public is_open_source lora_support fine_tuning supports_streaming is_official",
        "json": "seo notable_features inputs outputs examples faq_entries related_links",
        "timestamp": "created_at updated_at deleted_at",
    },
    "pricing": {
        "text": (
            "id model_id pricing_model_code rule_effect_code model_input_id dimension_code currency_code "
            "unit_code multiplier_label description measurement_source"
        ),
        "json": "match_value",
        "decimal": "min_value max_value price",
        "bigint": "sort_order",
        "timestamp": "disabled_at created_at updated_at",
    },
}
