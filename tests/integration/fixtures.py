"""The servers that tests share or own. Imported by the conftest of every black-box folder."""

import tempfile

import daemon as daemons
import pytest

__all__ = ["shared_demo", "own_demo", "clocked_demo", "sixth_company", "folder", "pytest_runtest_makereport"]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the log of the servers that it used."""
    report = (yield).get_result()
    if not report.failed:
        return
    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, daemons.Daemon):
            report.sections.append(("log of the daemon", value.log_tail()))


@pytest.fixture
def folder():
    """A folder with a short name: the path of a unix socket in it must stay under 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        yield name


@pytest.fixture(scope="session")
def shared_demo():
    """One demo server for all tests that leave it as they found it."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        yield from lived(daemons.demo(name))


@pytest.fixture
def own_demo(folder):
    """A demo server for a test that changes, stops or breaks it."""
    yield from lived(daemons.demo(folder))


@pytest.fixture
def clocked_demo(folder):
    """A demo server whose time of day the test moves."""
    yield from lived(daemons.demo(folder, daemons.Clock(folder)))


@pytest.fixture(scope="session")
def sixth_company():
    """A made-up sixth company: its dialect is one YAML file, the program knows nothing of it."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        yield from lived(daemons.sixth(name))


def lived(daemon):
    yield daemon
    if daemon.process is None:
        return  # the test took it down itself
    if daemon.is_running():
        daemon.stop()
        return
    daemon.check_clean()
    pytest.fail(f"the daemon ended by itself\n{daemon.log_tail()}")
