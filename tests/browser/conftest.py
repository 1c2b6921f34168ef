"""Fixtures of the tests in a real browser: the shared demo, Chromium with and without scripts, and the client."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from chromium import browser, client_site  # noqa: E402, F401
from fixtures import *  # noqa: E402, F401, F403
