"""Fixtures of the tests in a real browser: the shared demo, Chromium with and without scripts, and the client."""

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

import daemon as daemons  # noqa: E402
from chromium import browser, chromium, client_site  # noqa: E402, F401
from fixtures import *  # noqa: E402, F401, F403
from fixtures import lived  # noqa: E402


@pytest.fixture(scope="session")
def shared_demo():
    """The demo with a clock that tests move: a form that was open for long, the next code of an authenticator app."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        yield from lived(daemons.demo(name, daemons.Clock(name)))
