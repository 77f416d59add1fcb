"""`python -m pipeline.sandbox`."""

import sys

from pipeline.sandbox.options import run

sys.exit(run(sys.argv[1:]))
