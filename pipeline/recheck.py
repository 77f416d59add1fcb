"""The command `check`: asks every check of everything that is stored; no network, no key.

In: the settings. Out: the lines to print, and the exit code. It takes the lease, so that it judges no half load, and
writes nothing: neither what it finds nor anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from tempfile import TemporaryDirectory

import duckdb

from pipeline import warehouse
from pipeline.check import SAMPLES, Answer, Check, ask, checks
from pipeline.errors import UsageError
from pipeline.lease import hold_lease
from pipeline.progress import table
from pipeline.settings import Settings
from pipeline.statements import sql_text
from pipeline.tables import TABLES
from pipeline.written import written_columns

Connection = duckdb.DuckDBPyConnection
NOTHING, FAILS, WARNS = 0, 1, 3
# What only looks leaves the machine to others: beyond this it goes to disk, in the home folder.
MOST_MEMORY = "1GB"


def run_check(settings: Settings, now: datetime, say: Callable[[str], None]) -> int:
    """Print each check with the rows that break it; 1 when a check that fails found any, 3 when only others did.

    UsageError when there is no warehouse.
    """
    if not settings.warehouse.exists():
        raise UsageError(f"There is no warehouse in {settings.home}: nothing to check. Run: flowledger nightly")
    asked = [check for severity in ("fail", "warn") for check in checks(severity)]
    with hold_lease(settings.home, settings.wait, command="check"), _opened(settings) as con:
        given = _everything(con, now)
        # One by one: each may fill the memory with the ids of a large table.
        answers = [_answer(con, check, given) for check in asked]
    say(table([_row(each) for each in answers]))
    broken = [each for each in answers if each.rows]
    for each in broken:
        say(f"\n{each.check.severity}  {each.check.name}: {each.told(each.rows, each.first).detail}")
    say(f"\n{len(broken) or 'None'} of {len(answers)} checks found rows.")
    severities = {each.check.severity for each in broken}
    return FAILS if "fail" in severities else WARNS if severities else NOTHING


@contextmanager
def _opened(settings: Settings) -> Iterator[Connection]:
    """The warehouse with everything that is stored as `written_`, `stage_` and `changed_<table>`."""
    with (
        TemporaryDirectory(dir=settings.home, prefix=".check-") as spill,
        closing(warehouse.connect(settings.warehouse, None)) as con,
    ):
        quoted = spill.replace("'", "''")
        con.execute(f"SET temp_directory = '{quoted}'")
        con.execute(f"SET memory_limit = '{MOST_MEMORY}'")
        warehouse.spread(con)
        for name, each in TABLES.items():
            con.execute(sql_text("each_table/all_written.sql").format(table=name, columns=written_columns(each)))
        yield con


def _everything(con: Connection, now: datetime) -> dict[str, datetime]:
    """The parameters of the checks of a load, for a load that had read all that was ever read whole."""
    start, end = con.execute(sql_text("ledger/whole_span.sql")).fetchall()[0]
    return {"now": now, "start": start or now, "end": end or now}


def _answer(con: Connection, check: Check, given: dict[str, datetime]) -> Answer:
    found = ask(con, [check], given, "over the whole warehouse", SAMPLES)
    return found[0] if found else Answer(check, 0, ())


def _row(answer: Answer) -> dict[str, object]:
    keys = [str(next(iter(row.values()))) for row in answer.first]
    more = ["..."] if answer.rows > len(keys) else []
    return {
        "check": answer.check.name,
        "severity": answer.check.severity,
        "rows": answer.rows,
        "first": ", ".join([*keys, *more]),
    }
