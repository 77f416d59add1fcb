"""Asks the checks: SQL files in `sql/checks/`, one claim each; findings out.

A file selects the rows that must not exist; its folder is its severity, its name the name of the check, its first line
the claim. What it reads decides when it is asked. One that reads `written_<table>`, `stage_<table>` or
`changed_<table>` judges what a commit is about to write, inside the transaction; where none of these that it reads has
a row, it is not asked. Any other judges what is stored once a load has read everything, before it is published; it may
name `$now` and the span that the load read, `$start` and `$end`, so that its cost follows the load and not the
warehouse.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import LoadError
from pipeline.statements import SQL, sql_text
from pipeline.tables import TABLES
from pipeline.values import Finding, short

Connection = duckdb.DuckDBPyConnection

CHECKS = SQL / "checks"
SAMPLES = 3
# So many rows of a load are a finding each: what was told before stays in its words when another row comes or goes.
TOLD_ALONE = 10
COUNTED = "SELECT {} AS nth, count(*) AS broken FROM ("
WHAT_TO_DO = "What to do: "
OF_A_COMMIT = re.compile(rf"\b(?:written|stage|changed)_(?:{'|'.join(TABLES)})\b")


@dataclass(frozen=True, slots=True)
class Check:
    """One file in `sql/checks/`. query: its text without the comments at its head and the semicolon."""

    path: Path
    claim: str
    advice: str
    query: str

    @property
    def name(self) -> str:
        """The rule."""
        return self.path.stem

    @property
    def severity(self) -> str:
        """Its folder: fail or warn."""
        return self.path.parent.name

    @property
    def of_a_commit(self) -> bool:
        """Whether it judges what a commit writes; otherwise what is stored at the end of a load."""
        return bool(self.reads)

    @property
    def reads(self) -> set[str]:
        """The tables of a commit that it reads."""
        return set(OF_A_COMMIT.findall(self.query))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found: how many rows break its claim, and the first of them, the key as their first column."""

    check: Check
    rows: int
    first: tuple[dict[str, Any], ...]

    def told(self, rows: int, first: Sequence[dict[str, Any]]) -> Finding:
        """The claim, how many rows break it, the first of them, and what to do."""
        many = f"{rows} row{'s' if rows > 1 else ''}"
        such_as = " such as" if rows > len(first) else ""
        samples = ", ".join(map(_sample, first))
        detail = f"{self.check.claim} Broken by {many}{such_as}: {samples}. {self.check.advice}".rstrip()
        return Finding(self.check.name, self.check.severity, detail, rows)


def run_checks(con: Connection, severity: str, load_id: str, filled: Collection[str]) -> list[Finding]:
    """Ask the checks of a commit in the order of their names; one finding for each that selects a row.

    severity: fail or warn. filled: which of the tables that they read have rows. LoadError when a check cannot run: one
    that was skipped would look like one that passed.
    """
    asked = [check for check in checks(severity) if not check.reads.isdisjoint(filled)]
    return [each.told(each.rows, each.first) for each in ask(con, asked, {}, f"in load {load_id}", SAMPLES)]


def run_load_checks(con: Connection, severity: str, load_id: str, now: datetime) -> list[Finding]:
    """Ask every check of a load; one finding for each row, or for all rows of a check that finds many.

    A load that read no span, such as a single log, is asked nothing. LoadError when a check cannot run.
    """
    span = _span(con, load_id)
    if span is None:
        return []
    asked = [check for check in checks(severity) if not check.of_a_commit]
    given = {"now": now, "start": span[0], "end": span[1]}
    found = []
    for each in ask(con, asked, given, f"in load {load_id}", TOLD_ALONE):
        if each.rows > TOLD_ALONE:
            found.append(each.told(each.rows, each.first[:SAMPLES]))
        else:
            found += [each.told(1, [row]) for row in each.first]
    return found


def checks(severity: str) -> list[Check]:
    """The checks of a severity in the order of their names; LoadError when there are none."""
    files = sorted((CHECKS / severity).glob("*.sql"))
    if not files:
        raise LoadError(f"There are no checks in sql/checks/{severity}. Install Flowledger again.")
    return [_read(path) for path in files]


def ask(con: Connection, asked: Sequence[Check], given: Mapping[str, datetime], where: str, most: int) -> list[Answer]:
    """The checks that find rows, each with the first `most` of them.

    One statement asks all: planning many small ones is most of their cost, and they rarely find anything.
    """
    if not asked:
        return []
    counts = "\nUNION ALL\n".join(
        f"{COUNTED.format(index)}\n{check.query}\n) AS q" for index, check in enumerate(asked)
    )
    try:
        broken = dict(con.execute(counts, _named_in(counts, given)).fetchall())
    except duckdb.Error as error:
        raise _cannot_run(_culprit(con, asked, given, counts, error), where, error) from error
    return [
        Answer(check, broken[index], _first(con, check, given, where, most))
        for index, check in enumerate(asked)
        if broken[index]
    ]


def _span(con: Connection, load_id: str) -> tuple[datetime, datetime] | None:
    """What the load read, [start, end)."""
    row = con.execute(sql_text("ledger/load_span.sql"), {"load_id": load_id}).fetchall()[0]
    # The ledger tells arguments without what is zero, which Python reads and DuckDB does not.
    *read, given_from, given_to = row
    starts = [read[0], given_from and datetime.fromisoformat(given_from)]
    ends = [read[1], given_to and datetime.fromisoformat(given_to)]
    known = [[moment for moment in each if moment] for each in (starts, ends)]
    return (min(known[0]), max(known[1])) if all(known) else None


def _read(path: Path) -> Check:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next((index for index, line in enumerate(lines) if not line.startswith("--")), len(lines))
    claim, *others = (line.removeprefix("--").strip() for line in lines[:head] or ["--"])
    _, found, advice = " ".join(others).partition(WHAT_TO_DO)
    return Check(path, claim, found + advice, "\n".join(lines[head:]).strip().removesuffix(";"))


def _first(
    con: Connection, check: Check, given: Mapping[str, datetime], where: str, most: int
) -> tuple[dict[str, Any], ...]:
    query = f"{check.query}\nLIMIT {most}"
    try:
        found = con.execute(query, _named_in(query, given))
        names = [column[0] for column in found.description or ()]
        return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())
    except duckdb.Error as error:
        raise _cannot_run(_path(check), where, error) from error


def _named_in(query: str, given: Mapping[str, datetime]) -> dict[str, datetime]:
    """Those of the parameters that the query names: DuckDB refuses any other."""
    named = set(re.findall(r"\$(\w+)", re.sub(r"--.*", "", query)))
    return {name: value for name, value in given.items() if name in named}


def _culprit(
    con: Connection, asked: Sequence[Check], given: Mapping[str, datetime], counts: str, error: duckdb.Error
) -> str:
    """The path of the check that cannot run; of all of them where neither the error nor the transaction tells."""
    if line := re.search(r"^LINE (\d+):", str(error), re.MULTILINE):
        before = "\n".join(counts.splitlines()[: int(line[1])])
        return _path(asked[sum(COUNTED.format(index) in before for index in range(len(asked))) - 1])
    for check in asked:
        try:
            con.execute(check.query, _named_in(check.query, given))
        except duckdb.TransactionException:
            break
        except duckdb.Error:
            return _path(check)
    return f"sql/checks/{asked[0].severity}"


def _cannot_run(name: str, where: str, error: duckdb.Error) -> LoadError:
    told = str(error).partition("\n")[0].rstrip(".")
    return LoadError(f"The check {name} cannot run {where}: {told}.")


def _path(check: Check) -> str:
    return f"sql/checks/{check.severity}/{check.path.name}"


def _sample(row: dict[str, Any]) -> str:
    """A row's first column, which is its key, and what the others say about it."""
    key, *others = row.items()
    also = ", ".join(f"{name} {_told(value)}" for name, value in others)
    return f"{_told(key[1])} ({also})" if also else _told(key[1])


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return short(value)
    if isinstance(value, Decimal):
        # Not normalize(): it rounds to 28 digits.
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)
