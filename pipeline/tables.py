"""What we promise: every stored table and column, declared once.

The Arrow schema, the DuckDB DDL, the merge, the key check, the dictionary and the Parquet files
derive from this file. Types are Arrow's own; DuckDB names its types from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

UUID = pa.uuid()
TEXT = pa.string()
JSON = pa.json_(pa.string())
TIME = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(38, 18)
INT = pa.int64()
REAL = pa.float64()
BOOL = pa.bool_()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is the API's own field name.

    mutable: may change, even back to null, after a run has ended (feedback, evaluation).
    relation: a nested list or object kept whole as JSON; null means "no information".
    tracked: a change of it opens a new version in the table's history.
    """

    name: str
    type: pa.DataType
    doc: str
    mutable: bool = False
    relation: bool = False
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One stored table.

    day: the column whose UTC day partitions the Parquet files; None exports the table whole.
    range_key: the time-ordered id that bounds a merge, so that its cost does not grow with the table.
    history: keep versions of the tracked columns in `<name>_history`.
    """

    name: str
    grain: str
    source: str
    columns: tuple[Column, ...]
    day: str | None = None
    range_key: str = "id"
    history: bool = False
    marks: tuple[Column, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the API's columns, in order; a column's index is its bit in `_absent`."""
        return tuple(column.name for column in self.columns)

    @property
    def stage_schema(self) -> pa.Schema:
        """What flatten hands over: the API's columns, `extra`, and what the merge rule needs to know."""
        return pa.schema([(c.name, c.type) for c in (*self.columns, EXTRA, *OBSERVED)])

    @property
    def schema(self) -> pa.Schema:
        """What is stored: the stage schema, the table's own marks, and the lineage of the load."""
        return pa.schema([(c.name, c.type) for c in self.stored])

    @property
    def stored(self) -> tuple[Column, ...]:
        """Every stored column, in order."""
        return (*self.columns, EXTRA, *self.marks, *OBSERVED, *LOADED)


EXTRA = Column(
    "extra", JSON, "Fields the API sent that this version does not know, as one JSON object; NULL when none."
)

OBSERVED = (
    Column("_fetched_at", TIME, "When the page that holds the newest observation of this row was received."),
    Column("_observation", INT, "Order of that observation in the ledger: load, page, position. Later is greater."),
    Column("_absent", INT, "Bit i is set while the API has given no information on column i of this table."),
    Column("_terminal", BOOL, "True once the row is final; a later unfinished copy never replaces it."),
)
LOADED = (
    Column("_loaded_at", TIME, "When this version of the row was committed."),
    Column("_load_id", TEXT, "The load that committed it: ledger.loads.load_id."),
    Column("_row_hash", TEXT, "Digest of the API's columns and extra; an unchanged row is not written again."),
)
LINEAGE = tuple(column.name for column in (*OBSERVED, *LOADED))

LOGS = Table(
    "logs",
    "one row per log line",
    "log",
    (
        Column("id", UUID, "The log line's id; the key."),
        Column("run_id", UUID, "The run that wrote the line."),
        Column("level_code", TEXT, "Severity as the API spells it; open text."),
        Column("message", TEXT, "The line itself; queries of signed URLs are removed."),
        Column("timestamp", TIME, "When the line was written: the only time of a log."),
        Column("meta", JSON, "Free metadata of the line."),
    ),
    day="timestamp",
    range_key="run_id",
)

RUNS = Table(
    "runs",
    "one row per run",
    "log.run",
    (
        Column("id", UUID, "The run's id (UUIDv7); the key."),
        Column("flow_id", UUID, "The flow that ran, when the target is a flow."),
        Column("model_id", UUID, "The model that ran, when the target is a model."),
        Column("comfyui_workflow_id", UUID, "The ComfyUI workflow that ran, when it is the target."),
        Column("target_type", TEXT, "Kind of the target as the API spells it; open text."),
        Column("target_version", TEXT, "Version of the target that ran."),
        Column("org_id", UUID, "The organisation that owns the run."),
        Column("status_code", TEXT, "State as the API spells it (canceled and cancelled both occur); open text."),
        Column("source_code", TEXT, "Where the run was started from; open text."),
        Column("input", JSON, "Input of the run, as given."),
        Column("output", JSON, "Output of the run; media URLs without their signatures."),
        Column("context", JSON, "Free context of the run."),
        Column("duration_ms", INT, "Wall-clock milliseconds as the API reports them."),
        Column("cost", MONEY, "What the API says the run cost, in USD; exact, never recomputed."),
        Column("nodes_total", INT, "Number of nodes to run."),
        Column("nodes_completed", INT, "Number of nodes that have completed."),
        Column("jurisdiction_code", TEXT, "Jurisdiction the run is held in; open text."),
        Column("flow_version_id", UUID, "The version of the flow that ran."),
        Column("request_id", TEXT, "Id of the request that created the run."),
        Column("created_by", UUID, "The user who created the run."),
        Column("created_at", TIME, "When the run was created; its UTC day is the day of its spend."),
        Column("started_at", TIME, "When the run left the queue."),
        Column("completed_at", TIME, "When the run ended."),
        Column("callback_url", TEXT, "Where the API reports the end of the run."),
        Column("metadata", JSON, "Free metadata set by the caller."),
        Column("has_logs", BOOL, "Whether the API holds logs of the run."),
        Column("has_node_runs", BOOL, "Whether the API holds node runs of the run."),
        Column("links", JSON, "Free links of the run."),
        Column("cost_breakdown", JSON, "How the cost is made up, as the API gives it."),
        Column("resolved_template_id", TEXT, "The template the run was resolved from."),
        Column("batch_id", TEXT, "The batch the run belongs to."),
        Column("client_ref", TEXT, "The caller's own reference."),
        Column("failure_code", TEXT, "Why the run failed, as a code; open text."),
        Column("failure_message", TEXT, "Why the run failed, in words."),
        Column("failure_stage_code", TEXT, "Where the run failed; open text."),
        Column("feedback_is_positive", BOOL, "Feedback given on the run, at any time.", mutable=True),
        Column("feedback_reason", TEXT, "Reason given with the feedback.", mutable=True),
        Column("source_chat_message_id", TEXT, "The chat message that started the run."),
        Column(
            "current_evaluation_summary",
            JSON,
            "The newest quality evaluation: passed, status_code, score.",
            mutable=True,
        ),
    ),
    day="created_at",
    marks=(Column("_gone_at", TIME, "When the API first answered that the run does not exist; its spend is kept."),),
)

NODE_RUNS = Table(
    "node_runs",
    "one row per executed node of a run",
    "log.run.node_runs[]",
    (
        Column("id", UUID, "The node run's id; the key."),
        Column("run_id", UUID, "The run it is a step of."),
        Column("node_id", UUID, "The node of the flow that ran."),
        Column("flow_id", UUID, "The flow the node belongs to."),
        Column("state_code", TEXT, "State as the API spells it; open text."),
        Column("input", JSON, "Input of the step."),
        Column("output", JSON, "Output of the step."),
        Column("input_signature", TEXT, "The API's digest of the input."),
        Column("preview_type", TEXT, "Kind of the preview."),
        Column("preview_value", TEXT, "The preview; queries of signed URLs are removed."),
        Column("duration_ms", INT, "Wall-clock milliseconds of the step."),
        Column("cost", MONEY, "Cost of the step in USD; not to be added to the run's cost."),
        Column("retry_count", INT, "How often the step was tried again."),
        Column("error_message", TEXT, "Why the step failed, in words."),
        Column("created_at", TIME, "When the step was created."),
        Column("started_at", TIME, "When the step started."),
        Column("completed_at", TIME, "When the step ended."),
    ),
    day="created_at",
    range_key="run_id",
)

FLOWS = Table(
    "flows",
    "one row per flow, in its newest known state",
    "log.run.flow",
    (
        Column("id", UUID, "The flow's id; the key."),
        Column("slug", TEXT, "Name of the flow in URLs.", tracked=True),
        Column("name", TEXT, "Name of the flow.", tracked=True),
        Column("description", TEXT, "What the flow does.", tracked=True),
        Column("cover_url", TEXT, "Cover picture.", tracked=True),
        Column("org_id", UUID, "The organisation that owns the flow.", tracked=True),
        Column("flow_type_code", TEXT, "Kind of flow; open text.", tracked=True),
        Column("category_code", TEXT, "Category; open text.", tracked=True),
        Column("visibility_code", TEXT, "Who may use the flow; open text.", tracked=True),
        Column("source_visibility_code", TEXT, "Who may see how it is made; open text.", tracked=True),
        Column("status_code", TEXT, "State of the flow; open text.", tracked=True),
        Column("version", INT, "Version number of the flow.", tracked=True),
        Column("current_version_id", UUID, "The version in force.", tracked=True),
        Column("estimated_cost", MONEY, "The API's estimate of a run's cost, in USD.", tracked=True),
        Column("context_variables", JSON, "Variables of the flow.", tracked=True),
        Column("run_count", INT, "How often the flow ran, as the API counts."),
        Column("avg_duration", TEXT, "Average duration as the API writes it; its unit is not documented."),
        Column("cost_per_run", MONEY, "Average cost of a run as the API reports it, in USD."),
        Column("featured_at", TIME, "When the flow was featured.", tracked=True),
        Column("created_by", UUID, "The user who created the flow.", tracked=True),
        Column("created_at", TIME, "When the flow was created."),
        Column("updated_at", TIME, "When the flow last changed at the source."),
        Column("nodes", JSON, "The flow's nodes with their inputs and outputs, in order.", relation=True, tracked=True),
        Column("inputs", JSON, "The flow's inputs, in order.", relation=True, tracked=True),
        Column("outputs", JSON, "The flow's outputs, in order.", relation=True, tracked=True),
        Column(
            "created_by_user",
            JSON,
            "The creating user; personal data is dropped unless the privacy policy says keep or hash.",
            relation=True,
        ),
        Column("recent_stars", JSON, "The newest stars given to the flow.", relation=True),
    ),
    history=True,
)

MODELS = Table(
    "models",
    "one row per model, in its newest known state",
    "log.run.model",
    (
        Column("id", UUID, "The model's id; the key."),
        Column("org_id", UUID, "The organisation that owns the model.", tracked=True),
        Column("model_creator_id", UUID, "Who made the model.", tracked=True),
        Column("slug", TEXT, "Name of the model in URLs: two to five segments.", tracked=True),
        Column("name", TEXT, "Name of the model.", tracked=True),
        Column("description", TEXT, "What the model does.", tracked=True),
        Column("version", TEXT, "Version as the API writes it.", tracked=True),
        Column("is_public", BOOL, "Whether everybody may run it.", tracked=True),
        Column("is_open_source", BOOL, "Whether its source is open.", tracked=True),
        Column("icon_url", TEXT, "Icon.", tracked=True),
        Column("cover_url", TEXT, "Cover picture.", tracked=True),
        Column("category_code", TEXT, "Category; open text.", tracked=True),
        Column("status_code", TEXT, "State of the model; open text.", tracked=True),
        Column("family_id", UUID, "The family of models it belongs to.", tracked=True),
        Column("family_variant_code", TEXT, "Its variant in the family; open text.", tracked=True),
        Column("param_count", TEXT, "Number of parameters as the API writes it.", tracked=True),
        Column("architecture", TEXT, "Architecture of the model.", tracked=True),
        Column("license_code", TEXT, "Licence; open text.", tracked=True),
        Column("max_resolution", TEXT, "Largest resolution as the API writes it.", tracked=True),
        Column("lora_support", BOOL, "Whether LoRA weights can be added.", tracked=True),
        Column("fine_tuning", BOOL, "Whether it can be fine-tuned.", tracked=True),
        Column("supports_streaming", BOOL, "Whether it streams its output.", tracked=True),
        Column("paper_url", TEXT, "The model's paper.", tracked=True),
        Column("github_url", TEXT, "The model's repository.", tracked=True),
        Column("is_official", BOOL, "Whether it comes from its maker.", tracked=True),
        Column("availability_status", TEXT, "Whether it can be run now; open text.", tracked=True),
        Column("seo", JSON, "Free data for web pages.", tracked=True),
        Column("notable_features", JSON, "List of features, free JSON.", tracked=True),
        Column("content", TEXT, "The model's page.", tracked=True),
        Column("pricing_note", TEXT, "Note on the price.", tracked=True),
        Column("created_by", UUID, "The user who created the model.", tracked=True),
        Column("created_at", TIME, "When the model was created."),
        Column("updated_at", TIME, "When the model last changed at the source."),
        Column("deleted_at", TIME, "When the model was deleted.", tracked=True),
        Column("deleted_by", UUID, "Who deleted it.", tracked=True),
        Column("inputs", JSON, "The model's inputs, in order.", relation=True, tracked=True),
        Column("outputs", JSON, "The model's outputs, in order.", relation=True, tracked=True),
        Column("examples", JSON, "Example runs; their status_code is a number.", relation=True),
        Column("faq_entries", JSON, "Questions and answers.", relation=True),
        Column("related_links", JSON, "Related models.", relation=True),
    ),
    history=True,
)

PRICING = Table(
    "pricing",
    "one row per price rule of a model, in its newest known state",
    "log.run.model.pricing[]",
    (
        Column("id", UUID, "The price rule's id; the key."),
        Column("model_id", UUID, "The model it prices.", tracked=True),
        Column("pricing_model_code", TEXT, "Kind of pricing; open text.", tracked=True),
        Column("rule_effect_code", TEXT, "What the rule does to the price; open text.", tracked=True),
        Column("model_input_id", UUID, "The model input that the rule looks at.", tracked=True),
        Column("match_value", JSON, "The value that makes the rule apply; any JSON.", tracked=True),
        Column("dimension_code", TEXT, "What is measured; open text.", tracked=True),
        Column("min_value", MONEY, "Lower bound of the measured quantity.", tracked=True),
        Column("max_value", MONEY, "Upper bound of the measured quantity.", tracked=True),
        Column("price", MONEY, "Price per unit, in currency_code; exact.", tracked=True),
        Column("currency_code", TEXT, "Currency of the price.", tracked=True),
        Column("unit_code", TEXT, "Unit that is priced; open text.", tracked=True),
        Column("multiplier_label", TEXT, "Label of the multiplier.", tracked=True),
        Column("description", TEXT, "The rule in words.", tracked=True),
        Column("sort_order", INT, "Position among the model's rules.", tracked=True),
        Column("disabled_at", TIME, "When the rule stopped being in force.", tracked=True),
        Column("measurement_source", TEXT, "Where the quantity comes from; open text.", tracked=True),
        Column("created_at", TIME, "When the rule was created."),
        Column("updated_at", TIME, "When the rule last changed at the source."),
    ),
    history=True,
    marks=(Column("_removed_at", TIME, "When the rule was first missing from a complete list of its model's rules."),),
)

TABLES: dict[str, Table] = {t.name: t for t in (LOGS, RUNS, NODE_RUNS, FLOWS, MODELS, PRICING)}
