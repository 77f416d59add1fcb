"""Named moments of a load at which a crash test can stop the process.

Call it through the module (`moments.reached("landed")`): a crash test replaces the function.
Order of a load: landed, staged, before-commit, after-commit, before-rename-parquet, before-rename-snapshot,
before-rename-database, before-manifest, after-manifest. Of `forget`, before it publishes: forget-bodies, forget-record,
forget-tables, forget-anew.
"""

from __future__ import annotations


def reached(name: str) -> None:
    """Do nothing."""
