"""Fixtures of the tests with gateways: a Jeton with a realm per dialect, an API behind, a gateway between."""

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from fixtures import lived, pytest_runtest_makereport  # noqa: E402, F401

import api as apis  # noqa: E402
import gateway  # noqa: E402
import realms  # noqa: E402


@pytest.fixture(scope="session")
def jeton():
    """A server with the realms of realms.yaml. One listener serves public and guard, the one that gateways ask, guard only."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        yield from lived(realms.serve(name))


@pytest.fixture(scope="session")
def api():
    with apis.Api() as server:
        yield server


@pytest.fixture(scope="session")
def gateways(jeton, api):
    """gateways(kind, realm): one that runs, started when it is first asked for, stopped at the end."""
    running = {}

    def get(kind, realm):
        if (kind, realm) not in running:
            running[kind, realm] = gateway.start(kind, realm, guard=jeton.guard_authority, api=api.authority)
        return running[kind, realm]

    yield get
    for one in running.values():
        one.stop()
