"""Runs, node runs and log lines as the API would show them at a moment, before any fault of spelling.

Contexts, messages, levels, codes of failures and states of nodes are invented: no real row was ever found.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipeline.sandbox.catalog import PRODUCTS, inputs_of, price_of, signed
from pipeline.sandbox.config import Config
from pipeline.sandbox.flows import flow_id, node_id
from pipeline.sandbox.models import model_id, org_id
from pipeline.sandbox.outputs import output_of
from pipeline.sandbox.runs import Run, node_run_id
from pipeline.sandbox.seeded import DAY, SECOND, random_id, stream, to_time

Json = dict[str, Any]
HOUR = 3600 * SECOND
GENERATION_2 = (
    "cost_breakdown",
    "resolved_template_id",
    "batch_id",
    "client_ref",
    "failure_code",
    "failure_message",
    "failure_stage_code",
)
GENERATION_3 = ("feedback_is_positive", "feedback_reason", "source_chat_message_id", "current_evaluation_summary")
ENUMS = ("target_type", "status_code", "source_code", "failure_stage_code")
FAILURES = (
    ("MEDIA_URL_REJECTED", "provider answered 422: the scheme of the media URL is runflow", "dispatch"),
    ("PROVIDER_TIMEOUT", "the provider did not answer in time", "inference"),
    ("CONTENT_POLICY", "the prompt was refused by the provider", "inference"),
)


def source(run: Run) -> str:
    """Where the run was started from."""
    return ("playground", "api", "api", "schedule")[run.spread % 4]


def status(config: Config, run: Run, at: int) -> str:
    """The run's status at a moment."""
    if at >= run.completed:
        return _end(config, run)
    if run.started is not None and at >= run.started:
        return "running"
    return "dispatching" if run.dispatched is not None and at >= run.dispatched else "queued"


def _end(config: Config, run: Run) -> str:
    if run.chance("unknown status") < config.unknown_status:
        return "superseded"
    if run.end == "failed" and run.chance("odd status") < config.odd_statuses:
        return "timeout" if run.chance("timeout") < 0.5 else "errored"
    if run.end == "canceled":
        either = "canceled" if run.chance("spelling") < 0.5 else "cancelled"
        return either if config.cancel_spelling == "mixed" else config.cancel_spelling
    return run.end


def cost(config: Config, run: Run, at: int) -> Decimal | None:
    """What the run costs at a moment, in USD. Some carry a platform fee with eight decimals."""
    full = price_of(PRODUCTS[run.product], inputs_of(PRODUCTS[run.product], run.rng("input"), run.id))
    full = full * max(run.nodes, 1) + (Decimal(run.spread % 997) / 10**8 if run.spread % 5 == 0 else 0)
    if at < run.completed:
        return {"null": None, "zero": Decimal(0), "estimate": full}[config.open_cost]
    if run.end == "failed":
        return {"null": None, "zero": Decimal("0.00000000"), "number": full}[config.failed_cost]
    if run.end == "canceled":
        return None if run.started is None else Decimal("0.0100")
    changed = at >= late_change(config, run)
    return (full / 2 if run.end == "partial_succeeded" else full) + (Decimal("0.0125") if changed else 0)


def late_change(config: Config, run: Run) -> int:
    """When the run changes after its end; beyond all time when it does not."""
    if run.chance("late change") >= config.late_changes:
        return 1 << 62
    return run.completed + int(config.late_change_hours * HOUR)


def gone(config: Config, run: Run, at: int) -> bool:
    """Whether the run answers 404 by now."""
    lost = run.chance("gone") < config.gone_runs
    return lost and at >= run.completed + int(config.gone_after_hours * HOUR)


def run_object(config: Config, run: Run, at: int, *, has_logs: bool) -> Json:
    """The run at a moment, in its generation's keys, without its relations."""
    ended, begun = at >= run.completed, run.started is not None and at >= run.started
    full: Json = {
        "id": run.id,
        "flow_id": flow_id(config, run.flow) if run.flow is not None else None,
        "model_id": model_id(config, run.product) if run.target == "model" or config.both_relations else None,
        "comfyui_workflow_id": random_id(config.seed, "workflow", 1) if run.target == "comfyui_workflow" else None,
        "target_type": run.target,
        "target_version": "3" if run.flow is not None else "2.0",
        "org_id": org_id(config),
        "status_code": status(config, run, at),
        "source_code": source(run),
        "input": _input(run),
        "output": output_of(config, run, at),
        "context": {"brand": "house", "trace": f"{run.spread:08x}", "labels": ["shop", None, 3, True, 0.25]},
        "duration_ms": (run.completed - (run.started or run.created)) // 1000 + run.spread % 400 if ended else None,
        "cost": cost(config, run, at),
        "nodes_total": run.nodes or None,
        "nodes_completed": sum(at >= run.node_times(i)[1] for i in range(ran(run))) if run.nodes else None,
        "jurisdiction_code": "eu",
        "flow_version_id": random_id(flow_id(config, run.flow), "version", 3) if run.flow is not None else None,
        "request_id": f"req_{run.spread:010d}",
        "created_by": random_id(config.seed, "user", run.spread % 3),
        "created_at": to_time(run.created),
        "started_at": to_time(run.started) if begun and run.started is not None else None,
        "completed_at": to_time(run.completed) if ended else None,
        "callback_url": "https://shop.example.com/hooks/runflow?source=runflow" if run.spread % 3 == 0 else None,
        "metadata": _metadata(config, run, at),
        "has_logs": has_logs,
        "has_node_runs": begun and run.nodes > 0,
        "links": {"self": f"/v1/runs/{run.id}"},
        **_generation_2(config, run, at, ended=ended),
        **_generation_3(config, run, at),
    }
    return {key: full[key] for key in full if _shown(config, run, key)}


def _shown(config: Config, run: Run, key: str) -> bool:
    generation = 1 + run.spread % 3 if config.generation == "mixed" else int(config.generation)
    if key in ENUMS and not config.enum_keys:
        return False
    return not ((key in GENERATION_2 and generation < 2) or (key in GENERATION_3 and generation < 3))


def _input(run: Run) -> Json:
    given = inputs_of(PRODUCTS[run.product], run.rng("input"), run.id)
    if run.target != "comfyui_workflow":
        return given
    return {
        "Aux Reference 1": signed(f"inputs/{run.id}/aux.png"),
        "primary_design_ref": f"runflow://assets/{random_id(run.id, 'asset')}",
        "logo": signed(f"inputs/{run.id}/logo.png"),
        "aspect_ratio": "4:5",
        **given,
    }


def _metadata(config: Config, run: Run, at: int) -> Json:
    held: Json = {"order": f"SO-{run.spread % 100_000:05d}", "shop": {"id": run.spread % 7, "name": "Nord & Söhne"}}
    return held | {"reviewed": True} if at >= late_change(config, run) else held


def _generation_2(config: Config, run: Run, at: int, *, ended: bool) -> Json:
    failed = run.end == "failed" and ended
    code, message, stage = FAILURES[run.spread % len(FAILURES)] if failed else (None, None, None)
    paid = cost(config, run, at) if ended else None
    return {
        "cost_breakdown": {"base": paid, "surcharges": []} if paid is not None else None,
        "resolved_template_id": random_id(run.id, "template") if run.flow is not None else None,
        "batch_id": random_id("batch", run.spread % 50) if run.spread % 9 == 0 else None,
        "client_ref": f"sku-{run.spread % 5000}" if run.spread % 2 else None,
        "failure_code": code,
        "failure_message": message,
        "failure_stage_code": stage,
    }


def _generation_3(config: Config, run: Run, at: int) -> Json:
    judged = run.chance("feedback") < config.feedback and at >= feedback_at(run)
    liked = run.chance("liked") < 0.8
    return {
        "feedback_is_positive": liked if judged else None,
        "feedback_reason": None if liked or not judged else "The logo is blurred.",
        "source_chat_message_id": random_id(run.id, "chat") if run.spread % 11 == 0 else None,
        "current_evaluation_summary": _evaluation(run) if at >= evaluation_at(run) else None,
    }


def _evaluation(run: Run) -> Json:
    score = run.spread % 100
    return {"passed": score >= 20, "status_code": "completed", "score": score / 100}


def evaluation_at(run: Run) -> int:
    """A workflow's run is evaluated about two minutes after its end."""
    judged = run.target == "comfyui_workflow" and run.end == "succeeded"
    return run.completed + (60 + run.spread % 90) * SECOND if judged else 1 << 62


def feedback_at(run: Run) -> int:
    """Feedback comes hours to days after the end."""
    return run.completed + HOUR + run.spread % (4 * DAY)


def moments(config: Config, run: Run) -> list[int]:
    """When the run's object may change, in order."""
    nodes = [moment for i in range(run.nodes) for moment in run.node_times(i)]
    known = (run.created, run.dispatched, run.started, run.completed, run.completed + HOUR)
    later = (evaluation_at(run), feedback_at(run), late_change(config, run))
    return sorted({moment for moment in (*known, *nodes, *later) if moment is not None})


def ran(run: Run) -> int:
    """How many nodes run in the end: a failed run stops half-way."""
    return run.nodes if run.end in {"succeeded", "partial_succeeded"} else (run.nodes + 1) // 2


def node_run_objects(config: Config, run: Run, at: int) -> list[Json]:
    """The node runs of a run that exist at a moment."""
    return [_node_run(config, run, i, at) for i in range(ran(run)) if at >= run.node_times(i)[0]]


def _node_run(config: Config, run: Run, i: int, at: int) -> Json:
    began, done = run.node_times(i)
    ended = at >= done
    failed = run.end == "failed" and i == ran(run) - 1
    rng = stream(run.id, "node", i)
    return {
        "id": node_run_id(run, i),
        "run_id": run.id,
        "node_id": node_id(config, run.flow, i) if run.flow is not None else random_id("workflow-node", i),
        "flow_id": flow_id(config, run.flow) if run.flow is not None else None,
        "state_code": ("failed" if failed else "succeeded") if ended else "running",
        "input": {**inputs_of(PRODUCTS[(run.product + i) % len(PRODUCTS)], rng, run.id), "step": i},
        "output": {"image": {"url": signed(f"outputs/{run.id}/{i}.webp")}} if ended and not failed else None,
        "input_signature": f"{run.spread:08x}{i:08x}",
        "preview_type": "image" if ended and not failed else None,
        "preview_value": signed(f"previews/{run.id}/{i}.webp") if ended and not failed else None,
        "duration_ms": (done - began) // 1000 if ended else None,
        "cost": Decimal("0.0425") if ended and not failed else None,
        "retry_count": 1 if run.spread % 13 == i else 0,
        "error_message": FAILURES[run.spread % 3][1] if ended and failed else None,
        "created_at": to_time(began),
        "started_at": to_time(began),
        "completed_at": to_time(done) if ended else None,
    }
