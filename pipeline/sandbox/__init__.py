"""A simulated Runflow API on loopback: data by seed, its own clock, and every known fault as a switch.

It imports nothing else of this project, so that client and simulator cannot share one mistake.
"""

from pipeline.sandbox.config import Config
from pipeline.sandbox.faults import Fault
from pipeline.sandbox.server import Sandbox, serve
from pipeline.sandbox.truth import Truth, truth

__all__ = ["Config", "Fault", "Sandbox", "Truth", "serve", "truth"]
