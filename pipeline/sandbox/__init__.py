"""A simulated Runflow API on loopback: data by seed, its own clock, and every known fault as a switch.

It imports nothing else of this project, so that client and simulator cannot share one mistake.
"""

from pipeline.sandbox.config import Config
from pipeline.sandbox.faults import Fault
from pipeline.sandbox.options import run
from pipeline.sandbox.sandbox import Sandbox
from pipeline.sandbox.server import serve
from pipeline.sandbox.truth import Truth, truth

__all__ = ["Config", "Fault", "Sandbox", "Truth", "run", "serve", "truth"]
