"""Tests that break the world around the real binary: it must lose nothing and say what is wrong."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from fixtures import *  # noqa: F401,F403,E402  the servers, and their logs on failure
