"""One look of the doctor at a served sandbox, and what it left."""

from __future__ import annotations

import json
from dataclasses import fields

from pipeline.doctor import examine
from tests.command import environment
from tests.product import NOW, SMALL, settings_for

ORDINARY = {each.name: getattr(SMALL, each.name) for each in fields(SMALL)}


class Visit:
    """One examination: its exit code, what it said, and its report; asked: how many requests the API saw."""

    def __init__(self, box, home, *, offline=False, given=None, **switches):
        box.configure(**ORDINARY | switches)
        before = len(box.requests)
        said = []
        settings = settings_for(box, home, **given or {})
        own = {"RUNFLOW_API_KEY": settings.api_key, "RUNFLOW_API_URL": settings.api_url, "FLOWLEDGER_DEBUG": str(home)}
        with environment(home, RUNFLOW_ORGANIZATION_ID=settings.organization_id or "", **own):
            self.code = examine(settings, NOW, said.append, offline=offline)
        self.said = "\n".join(said)
        self.asked = len(box.requests) - before
        path = home / "doctor-report.json"
        self.report = path.read_text(encoding="utf-8") if path.is_file() else ""
        lines = json.loads(self.report)["lines"] if self.report else []
        self.told = {line["topic"]: line["text"] for line in lines}
        self.failed = [line["topic"] for line in lines if line["verdict"] == "fail"]
