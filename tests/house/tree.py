"""The files of the repository, as the house tests read them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_OURS = {"flowledger-data", "flowledger-demo", "dist", "secrets"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def ours(path: Path) -> bool:
    """Whether a file is written by us: not hidden (but for CI), not created by a run."""
    parts = path.relative_to(ROOT).parts
    hidden = any(part.startswith(".") and part not in {".ci", ".gitignore", ".dockerignore"} for part in parts)
    return path.is_file() and not hidden and not NOT_OURS & set(parts) and "__pycache__" not in parts


PRODUCT = sorted(path for package in ("pipeline", "flows") for path in (ROOT / package).rglob("*.py"))
PYTHON = sorted(path for path in ROOT.rglob("*.py") if ours(path))
SQL = sorted(path for path in (ROOT / "sql").rglob("*.sql"))
FILES = sorted(path for path in ROOT.rglob("*") if ours(path) and path.suffix not in {".lock", ".png", ".gz", ".zst"})
