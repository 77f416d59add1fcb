"""What an unfinished `forget` needs: who is sought, and which pages were renamed. In and out: `forget.json`.

It names the person, so it is for its owner only, and it goes when the work is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pipeline.durable import write_whole
from pipeline.errors import StorageError
from pipeline.sought import Sought

FILE = "forget.json"


@dataclass
class Plan:
    """ids, mails, names, runs: as in `Sought`. renamed: digest of a page as it was landed -> digest without them."""

    ids: set[str] = field(default_factory=set)
    mails: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)

    def sought(self) -> Sought:
        """Who is sought; what it learns the plan learns as well."""
        return Sought(self.ids, self.mails, self.names, self.runs)


def read_plan(home: Path) -> Plan:
    """What an earlier run has left; an empty plan where it has ended."""
    path = home / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError:
        return Plan()
    except (OSError, msgspec.MsgspecError) as error:
        raise StorageError(f"{path} cannot be read: {error}. Delete it and run forget again.") from error


def write_plan(home: Path, plan: Plan) -> None:
    """Keep the plan, in one step."""
    write_whole(home / FILE, msgspec.json.encode(plan))


def done(home: Path) -> None:
    """Nobody is left half forgotten."""
    (home / FILE).unlink(missing_ok=True)
