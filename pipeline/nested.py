"""The lists inside flows and models, declared once as twelve typed views.

The lists are stored whole, as JSON columns of their parent; a view unnests one and types it. A value that does not fit
its type is NULL there and still whole in the parent's column. Field names: the API page "Get run log".
"""

from __future__ import annotations

from pipeline.tables import BOOL, INT, JSON, MONEY, REAL, TEXT, TIME, UUID, Column
from pipeline.views import View

ID = Column("id", UUID, "Id of the object.")
FLOW_ID = Column("flow_id", UUID, "The flow it belongs to.")
NODE_ID = Column("flow_node_id", UUID, "The node it belongs to.")
MODEL_ID = Column("model_id", UUID, "The model it belongs to.")
NAME = Column("name", TEXT, "Name, as the keys of a run's input or output spell it.")
DISPLAY_NAME = Column("display_name", TEXT, "Name as people see it.")
DESCRIPTION = Column("description", TEXT, "What it is for.")
VARIABLE_TYPE = Column("variable_type_code", TEXT, "Type of the value; open text.")
VALIDATOR = Column("validator_code", TEXT, "How the value is checked; open text.")
VALIDATOR_ATTRS = Column("validator_attrs", JSON, "Settings of that check; any JSON.")
IS_REQUIRED = Column("is_required", BOOL, "Whether a value must be given.")
DEFAULT_VALUE = Column("default_value", JSON, "Value when none is given; any JSON.")
IS_FEATURED = Column("is_featured", BOOL, "Whether it is shown first.")
SORT_ORDER = Column("sort_order", INT, "Position as the API numbers it.")
CREATED_AT = Column("created_at", TIME, "When it was created.")
UPDATED_AT = Column("updated_at", TIME, "When it last changed at the source.")
CHANGED = (SORT_ORDER, CREATED_AT, UPDATED_AT)
CHECKED = (VARIABLE_TYPE, VALIDATOR, VALIDATOR_ATTRS)

FLOW_NODES = View(
    "flow_nodes",
    "one row per node of a flow",
    "flows",
    "nodes",
    (
        ID,
        FLOW_ID,
        Column("slug", TEXT, "Name of the node in the flow."),
        Column("label", TEXT, "Title on the canvas."),
        Column("subtitle", TEXT, "Second line on the canvas."),
        Column("type_code", TEXT, "Kind of node; open text."),
        Column("x", REAL, "Horizontal place on the canvas."),
        Column("y", REAL, "Vertical place on the canvas."),
        Column("width", REAL, "Width on the canvas."),
        Column("config", JSON, "Settings of the node; any JSON."),
        Column("collapsed", BOOL, "Whether the canvas shows it collapsed."),
        Column("model_id", UUID, "The model it runs, if it runs one."),
        Column("builtin_node_code", TEXT, "The built-in step it is, if it is one; open text."),
        Column("comfyui_workflow_id", UUID, "The ComfyUI workflow it runs, if it runs one."),
        Column("sub_flow_id", UUID, "The flow it runs, if it runs one."),
        CREATED_AT,
        UPDATED_AT,
    ),
    parent="flow_id",
    unlisted=("flow", "inputs", "outputs"),
)
FLOW_NODE_INPUTS = View(
    "flow_node_inputs",
    "one row per input of a node of a flow",
    "flows",
    "nodes[].inputs",
    (
        ID,
        NODE_ID,
        NAME,
        DISPLAY_NAME,
        *CHECKED,
        IS_REQUIRED,
        DEFAULT_VALUE,
        SORT_ORDER,
        Column("behavior_code", TEXT, "How the input behaves; open text."),
        Column("value", JSON, "Value set in the flow; any JSON."),
        Column("source_output_id", UUID, "The node output that feeds it: flow_node_outputs.id."),
        Column("connection_label", TEXT, "Text on the connection."),
        Column("connection_style_code", TEXT, "How the connection is drawn; open text."),
        Column("retry_source_output_id", UUID, "The node output that feeds it when the step is tried again."),
        CREATED_AT,
        UPDATED_AT,
    ),
    parent="flow_node_id",
)
FLOW_NODE_OUTPUTS = View(
    "flow_node_outputs",
    "one row per output of a node of a flow",
    "flows",
    "nodes[].outputs",
    (ID, NODE_ID, NAME, DISPLAY_NAME, *CHECKED, *CHANGED),
    parent="flow_node_id",
)
FLOW_INPUTS = View(
    "flow_inputs",
    "one row per input of a flow",
    "flows",
    "inputs",
    (ID, FLOW_ID, NAME, DISPLAY_NAME, DESCRIPTION, *CHECKED, IS_REQUIRED, DEFAULT_VALUE, *CHANGED),
    parent="flow_id",
)
FLOW_OUTPUTS = View(
    "flow_outputs",
    "one row per output of a flow",
    "flows",
    "outputs",
    (ID, FLOW_ID, NAME, DISPLAY_NAME, DESCRIPTION, *CHECKED, *CHANGED),
    parent="flow_id",
)
FLOW_STARS = View(
    "flow_stars",
    "one row per star recently given to a flow",
    "flows",
    "recent_stars",
    (ID, Column("user_id", UUID, "The user who gave it."), FLOW_ID, CREATED_AT),
    parent="flow_id",
)
USERS = View(
    "users",
    "one row per user who created a flow, in the newest known state",
    "flows",
    "created_by_user",
    (
        ID,
        Column("email", TEXT, "E-mail address; NULL unless the privacy policy keeps or hashes it."),
        Column("first_name", TEXT, "First name; NULL unless the privacy policy keeps or hashes it."),
        Column("last_name", TEXT, "Last name; NULL unless the privacy policy keeps or hashes it."),
        Column("avatar_url", TEXT, "Picture, as far as the privacy policy keeps it."),
    ),
)
MODEL_INPUTS = View(
    "model_inputs",
    "one row per input of a model",
    "models",
    "inputs",
    (
        ID,
        MODEL_ID,
        NAME,
        DISPLAY_NAME,
        DESCRIPTION,
        VARIABLE_TYPE,
        Column("default_behavior_code", TEXT, "How the input behaves unless a flow says otherwise; open text."),
        VALIDATOR,
        VALIDATOR_ATTRS,
        IS_REQUIRED,
        DEFAULT_VALUE,
        SORT_ORDER,
        IS_FEATURED,
        CREATED_AT,
        UPDATED_AT,
    ),
    parent="model_id",
)
MODEL_OUTPUTS = View(
    "model_outputs",
    "one row per output of a model",
    "models",
    "outputs",
    (ID, MODEL_ID, NAME, DISPLAY_NAME, DESCRIPTION, *CHECKED, *CHANGED),
    parent="model_id",
)
MODEL_EXAMPLES = View(
    "model_examples",
    "one row per example run of a model",
    "models",
    "examples",
    (
        ID,
        MODEL_ID,
        Column("title", TEXT, "Title of the example."),
        DESCRIPTION,
        Column("input", JSON, "Input of the example run."),
        Column("output", JSON, "Output of the example run."),
        Column("status_code", INT, "A number here, unlike every other status_code."),
        Column("cost", MONEY, "Cost of the example run in USD; no part of anybody's spend."),
        Column("start_type", TEXT, "Whether the model was warm or cold; open text."),
        Column("timing", JSON, "Timings of the example run; any JSON."),
        Column("duration_ms", INT, "Milliseconds that the model ran."),
        Column("total_ms", INT, "Milliseconds in all."),
        Column("thumbnail_url", TEXT, "Small picture of the output."),
        Column("category_code", TEXT, "Category; open text."),
        IS_FEATURED,
        Column("is_public", BOOL, "Whether everybody sees it."),
        SORT_ORDER,
        Column("ran_at", TIME, "When the example was run."),
        CREATED_AT,
        UPDATED_AT,
    ),
    parent="model_id",
)
MODEL_FAQ_ENTRIES = View(
    "model_faq_entries",
    "one row per question about a model",
    "models",
    "faq_entries",
    (ID, MODEL_ID, Column("question", TEXT, "The question."), Column("answer", TEXT, "The answer."), *CHANGED),
    parent="model_id",
)
MODEL_RELATED_LINKS = View(
    "model_related_links",
    "one row per link from a model to a related one",
    "models",
    "related_links",
    (ID, MODEL_ID, Column("related_model_id", UUID, "The related model."), SORT_ORDER, CREATED_AT),
    parent="model_id",
)

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        FLOW_NODES,
        FLOW_NODE_INPUTS,
        FLOW_NODE_OUTPUTS,
        FLOW_INPUTS,
        FLOW_OUTPUTS,
        FLOW_STARS,
        USERS,
        MODEL_INPUTS,
        MODEL_OUTPUTS,
        MODEL_EXAMPLES,
        MODEL_FAQ_ENTRIES,
        MODEL_RELATED_LINKS,
    )
}
