"""What Prefect must find in its environment before it is imported, wherever the command is started from."""

from __future__ import annotations

import os

# The ephemeral server needs longer than its 20 s on a busy machine; nothing is reported to anybody.
DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "pipeline",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


def prepare() -> None:
    """Set each default that the user has not set."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
