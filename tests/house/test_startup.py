"""What a command imports before it does anything: each of these modules costs more than the command itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "import sys; from pipeline.cli import run; run({arguments!r}); print('\\n' + ' '.join(sys.modules))"
HEAVY = {"asyncio", "duckdb", "httpx", "msgspec", "numpy", "pandas", "prefect", "pyarrow", "pydantic", "zstandard"}
NETWORK = {"anyio", "asyncio", "httpcore", "httpx", "ssl", "stamina", "numpy", "pandas", "prefect"}


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        (["--help"], HEAVY | NETWORK | {"pipeline.values", "pipeline.sandbox"}),
        (["status"], NETWORK | {"pyarrow.dataset", "pipeline.fetch", "pipeline.sandbox"}),
    ],
    ids=["help", "status"],
)
def test_a_command_that_only_looks_imports_nothing_that_it_does_not_use(tmp_path, arguments, never):
    code = LOADED.format(arguments=arguments)
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"FLOWLEDGER_HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "pipeline.cli" in loaded
    assert loaded & never == set()
