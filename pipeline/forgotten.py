"""Who was forgotten, as later loads know it: keyed digests of ids and addresses, and the runs that were theirs.

In: a connection of `warehouse.connect`, then the pages of a load. Out: pages without them, before anything is landed.
Costs nothing while nobody was forgotten; afterwards each page is inflated and looked through once more. Source: ADR 19.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from duckdb import DuckDBPyConnection as Connection

from pipeline.digest_key import key_of
from pipeline.errors import BrokenBody
from pipeline.inflate import inflate
from pipeline.loads import Load
from pipeline.rows import Row
from pipeline.scrub import WRITTEN, scrubbed_body
from pipeline.sought import Sought, mentioned
from pipeline.tables import TABLES
from pipeline.values import RawPage

USER, MAIL = "user", "mail"
LONGEST_ADDRESS = 320
_LETTER = rb"(?:[\w\-.+%\x80-\xff]|\\u00[c-fC-F][0-9a-fA-F])"
_BEFORE, _AFTER = re.compile(rb"%b+$" % _LETTER), re.compile(rb"%b+" % _LETTER)
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPE = re.compile(rb"\\[bfnrt\"/\\]")


@dataclass
class Forgotten:
    """The digests of those who are not to come back. runs: theirs; new: those that no commit has remembered yet."""

    key: bytes = field(repr=False)
    digests: frozenset[str]
    runs: set[str]
    new: set[str] = field(default_factory=set)

    def without(self, page: RawPage) -> RawPage:
        """The page without them; the very same page where it does not speak of them, or cannot be read."""
        try:
            body = inflate(page.body, page.encoding)
        except BrokenBody:
            return page
        ids = {each for each in mentioned(body) if digest(self.key, USER, each) in self.digests}
        mails = {each for each in _addresses(body) if digest(self.key, MAIL, each) in self.digests}
        sought = Sought(ids, mails, runs=set(self.runs))
        left = scrubbed_body(page.request.kind, body, sought)
        self.new |= sought.runs - self.runs
        self.runs |= sought.runs
        return page if left == body else replace(page, encoding="identity", body=left)

    def empty(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Take out what stands in rows of their runs: a line may come before it is known whose run wrote it."""
        runs = {UUID(each).bytes for each in self.runs}
        for kind, written in WRITTEN.items():
            names = TABLES[kind].names
            owner = names.index("id" if kind == "runs" else "run_id")
            places = [names.index(name) for name in written]
            for row in rows[kind]:
                if row.values[owner] in runs:
                    row.extra = None
                    for place in (each for each in places if row.values[each] is not None):
                        row.values[place] = None
                        row.absent |= 1 << place


def _addresses(json: bytes) -> set[str]:
    """Everything in JSON text that looks like an e-mail address, in small letters and without escapes.

    Looked for around each @, within the longest that an address can be: a picture in base64 is one word of megabytes.
    """
    text = _ESCAPE.sub(b" ", json)
    found = set()
    for at in (sign.start() for sign in re.finditer(b"@", text)):
        before = _BEFORE.search(text[max(0, at - LONGEST_ADDRESS) : at])
        after = _AFTER.match(text[at + 1 : at + LONGEST_ADDRESS])
        if before and after:
            told = b"%b@%b" % (before[0], after[0].rstrip(b"."))
            found.add(_CODE.sub(lambda code: chr(int(code[1], 16)), told.decode("utf-8", "replace")).lower())
    return found


def digest(key: bytes, kind: str, value: str) -> str:
    """What is remembered instead of an id or an address in small letters."""
    return hmac.new(key, f"{kind}:{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def recall(con: Connection, home: Path) -> Forgotten | None:
    """Everybody who was forgotten; None where there is nobody."""
    digests = con.execute("SELECT digest FROM warehouse.ledger.forgotten").fetchall()
    if not digests:
        return None
    runs = con.execute("SELECT run_id::VARCHAR AS id FROM warehouse.ledger.forgotten_runs").fetchall()
    return Forgotten(key_of(home), frozenset(each for (each,) in digests), {run for (run,) in runs})


def remember(con: Connection, load: Load, key: bytes, sought: Sought, now: datetime) -> None:
    """Enter people and their runs, once each. The caller's transaction."""
    told = [(digest(key, USER, each), USER) for each in sought.ids]
    told += [(digest(key, MAIL, each), MAIL) for each in sought.mails]
    con.execute(
        "INSERT INTO warehouse.ledger.forgotten (digest, kind, forgotten_at, load_id) "
        "SELECT p.digest, p.kind, $now, $load FROM ("
        "SELECT unnest($digests::VARCHAR[]) AS digest, unnest($kinds::VARCHAR[]) AS kind) AS p "
        "WHERE p.digest NOT IN (SELECT f.digest FROM warehouse.ledger.forgotten AS f)",
        {"now": now, "load": load.load_id, "digests": [d for d, _ in told], "kinds": [kind for _, kind in told]},
    )
    remember_runs(con, load, sought.runs)


def remember_runs(con: Connection, load: Load, runs: Collection[str]) -> None:
    """Enter runs of people who were forgotten, once each."""
    if runs:
        con.execute(
            "INSERT INTO warehouse.ledger.forgotten_runs (run_id, load_id) SELECT p.run_id, $load FROM ("
            "SELECT unnest($runs::UUID[]) AS run_id) AS p "
            "WHERE p.run_id NOT IN (SELECT f.run_id FROM warehouse.ledger.forgotten_runs AS f)",
            {"load": load.load_id, "runs": sorted(runs)},
        )
