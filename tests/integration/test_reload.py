"""SIGHUP: a good configuration takes its place without a failed request, a bad one changes nothing."""

import socket
import subprocess
from pathlib import Path

import pytest
from daemon import BINARY, free_port, serve, wait_until
from load import Load, token_requests
from service import Service

CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public, guard]}}
realms:
  standard:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{client_credentials: {{}}}}
    access_token: {{lifetime_seconds: {lifetime}}}
    scopes: {{read: {{description: Read.}}, write: {{description: Write., level: write}}}}
    default_scope: read write
"""


class Reloading:
    """A server whose configuration the test rewrites."""

    def __init__(self, folder):
        self.port = free_port()
        self.daemon = serve(folder, self.text(lifetime=3600), self.port)
        client = self.daemon.create_client("standard")
        self.daemon.description = {"origin": f"http://localhost:{self.port}", "services": {"standard": {
            **client, "resource_server": self.daemon.create_client("standard", may_introspect=True)}}}
        self.service = Service(self.daemon, "standard")

    def text(self, lifetime, *more_ports):
        text = CONFIGURATION.format(port=self.port, lifetime=lifetime)
        more = "".join(f'  - {{address: "localhost:{port}"}}\n' for port in more_ports)
        return text.replace("realms:\n", more + "realms:\n")

    def reload_with(self, text):
        self.daemon.configuration_path.write_text(text)
        self.daemon.reload()

    def lifetime(self):
        return self.service.ask_token().json()["expires_in"]


@pytest.fixture
def reloading(folder):
    server = Reloading(folder)
    yield server
    server.daemon.stop()


def test_reload_under_load_drops_no_request(reloading):
    """Eight clients loop while lifetimes change ten times."""
    with Load(reloading.daemon.address, token_requests(reloading.service)) as load:
        for lifetime in range(100, 110):
            reloading.reload_with(reloading.text(lifetime))
            wait_until(lambda: reloading.lifetime() == lifetime, what=f"the lifetime of {lifetime} s")
            replies = len(load.replies)
            wait_until(lambda: len(load.replies) > replies + 10, what="load after it")
    assert load.failures == [] and len(load.replies) > 100
    assert {reply.status for reply in load.replies} == {200}
    assert {reply.json()["expires_in"] for reply in load.replies} <= {3600, *range(100, 110)}


@pytest.mark.parametrize("broken", ["{", "realms: []\n", "nonsense: 1\n", ""], ids=repr)
def test_a_bad_file_leaves_the_old_configuration(reloading, broken):
    """What is wrong is logged; tokens go on as before, and a good file works afterwards."""
    token = reloading.service.token()
    logged = len(reloading.daemon.log_events())
    reloading.reload_with(broken)
    wait_until(lambda: len(reloading.daemon.log_events()) > logged, what="a line in the log")
    assert reloading.lifetime() == 3600
    assert reloading.service.guard(token).status == 200
    reloading.reload_with(reloading.text(lifetime=77))
    wait_until(lambda: reloading.lifetime() == 77, what="the good file")


def test_a_bad_value_is_told_with_file_line_and_key(reloading):
    """File, line, key, what was found and what is allowed."""
    reloading.reload_with(reloading.text(lifetime="sometimes"))
    wait_until(lambda: "lifetime_seconds" in reloading.daemon.log(), what="the mistake")
    line = next(line for line in reloading.daemon.log().splitlines() if "lifetime_seconds" in line)
    assert "jeton.yaml" in line and "sometimes" in line
    assert reloading.lifetime() == 3600


def test_the_program_does_not_start_on_a_bad_file(folder):
    """Exit status 1 and the mistake, no listener."""
    path = Path(folder) / "jeton.yaml"
    path.write_text(CONFIGURATION.format(port=free_port(), lifetime="sometimes"))
    done = subprocess.run([BINARY, "serve", "--config", str(path)], capture_output=True, text=True, timeout=30,
                          check=False)
    assert done.returncode == 1
    assert "lifetime_seconds" in done.stderr and "sometimes" in done.stderr and "ready" not in done.stdout


def test_tokens_live_through_reload_and_restart(reloading):
    """What was issued stays good, in the cache or not."""
    token = reloading.service.token()
    reloading.reload_with(reloading.text(lifetime=50))
    wait_until(lambda: reloading.lifetime() == 50, what="the reload")
    assert reloading.service.guard(token).status == 200
    reloading.daemon.stop()
    reloading.daemon.start()
    assert reloading.service.guard(token).status == 200


def test_a_removed_listener_answers_what_is_under_way_and_holds_nothing_up(reloading):
    """The next reload does not wait for a slow client of the listener that has gone."""
    port = free_port()
    reloading.reload_with(reloading.text(100, port))
    wait_until(lambda: reloading.lifetime() == 100, what="the second listener")
    with socket.create_connection(("localhost", port), timeout=20) as slow:
        slow.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        replies = slow.makefile("rb")
        assert replies.readline().startswith(b"HTTP/1.1 100 ") and replies.readline() == b"\r\n"
        for lifetime in (101, 102):
            reloading.reload_with(reloading.text(lifetime))
            wait_until(lambda: reloading.lifetime() == lifetime, seconds=5, what=f"the lifetime of {lifetime} s")
        slow.sendall(b"x")
        reply = replies.read()
    assert reply.startswith(b"HTTP/1.1 404 ") and b"connection: close" in reply.lower()
    wait_until(lambda: refuses(port), what="the end of the listener")


def refuses(port):
    try:
        socket.create_connection(("localhost", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_second_daemon_on_the_same_data_is_refused(reloading):
    """One writer: the second process says so and ends with status 1."""
    done = subprocess.run([BINARY, "serve", "--config", str(reloading.daemon.configuration_path)],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and done.stderr
    assert reloading.lifetime() == 3600
