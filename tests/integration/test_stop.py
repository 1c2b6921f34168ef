"""SIGTERM: what was accepted is answered, then the process ends with status 0 and leaves nothing behind."""

import signal

import pytest
from daemon import read_description, wait_until
from http1 import Connection, ConnectionEnded, form, request_bytes
from load import Load, token_requests
from service import Service


@pytest.mark.parametrize("name", ["standard", "podio"])
def test_sigterm_under_load_answers_what_was_accepted(own_demo, name):
    """Every token of a reply is durable: the next start knows it."""
    service = Service(own_demo, name)
    with Load(own_demo.address, token_requests(service), count=16) as load:
        wait_until(lambda: len(load.replies) > 200, what="some load")
        own_demo.stop()
    unanswered = [why for sent, why in load.failures if sent and "ConnectionResetError" in why]
    assert unanswered == []
    assert {reply.status for reply in load.replies} == {200}
    tokens = [service.token_of(reply) for reply in load.replies]
    own_demo.start()
    read_description(own_demo)
    assert [token for token in tokens[-200:] if service.guard(token).status != 200] == []


def test_sigterm_answers_whose_password_is_being_hashed(own_demo):
    """The crew works off what it has taken."""
    service = own_demo.description["services"]["podio"]
    data = request_bytes("POST", service["token_path"], {
        "Host": own_demo.authority, "Content-Type": "application/x-www-form-urlencoded"}, form(
            grant_type="password", client_id=service["client_id"], client_secret=service["client_secret"],
            **service["user"]))
    connections = [Connection(own_demo.address) for _ in range(16)]
    for connection in connections:
        connection.send(data)
    assert connections[0].reply().status == 200  # by now all have been read
    own_demo.process.send_signal(signal.SIGTERM)
    assert [connection.reply().status for connection in connections[1:]] == [200] * 15
    for connection in connections:
        connection.close()
    own_demo.stop()


def test_request_under_way_is_answered(own_demo):
    """A request whose head has come is waited for; its reply says that the connection ends."""
    service = Service(own_demo, "standard")
    data = token_requests(service)()
    with Connection(own_demo.address) as connection:
        connection.send(data[:-5])
        assert service.ask_token().status == 200  # by now the first bytes are surely read
        own_demo.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(own_demo), what="the listener's end")
        connection.send(data[-5:])
        reply = connection.reply()
    assert reply.status == 200 and (reply.header("Connection") or "").lower() == "close"
    own_demo.stop()


def refuses(daemon):
    try:
        with Connection(daemon.address, 5) as connection:
            connection.send(b"GET /oauth2/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.reply()
            return False
    except (ConnectionRefusedError, ConnectionResetError, ConnectionEnded, BrokenPipeError):
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_connections_do_not_hold_it_up(own_demo, number):
    """Keep-alive connections without a request are simply closed."""
    with Connection(own_demo.address) as idle:
        own_demo.end(number)
        own_demo.check_clean()
        assert idle.is_closed()


def test_socket_file_is_gone(own_demo):
    """The control socket leaves with the daemon."""
    assert (own_demo.data_folder / "control.sock").exists()
    own_demo.stop()
    assert not (own_demo.data_folder / "control.sock").exists()


def test_demo_keeps_its_credentials(own_demo):
    """A second start of the demo reuses folder, credentials and tokens."""
    token = Service(own_demo, "podero").token()
    services = own_demo.description["services"]
    own_demo.stop()
    own_demo.start()
    read_description(own_demo)
    assert own_demo.description["services"] == {**services, "podero": own_demo.description["services"]["podero"]}
    assert Service(own_demo, "podero").guard(token).status == 200
    assert own_demo.description["services"]["podero"]["client_secret"] == services["podero"]["client_secret"]
