"""The API behind Jeton under siege: whoever is slow, goes away or spells things in his own way costs the others nothing."""

import random
import socket
import struct
import threading
import time

import pytest
from daemon import SlowNames, wait_until
from http1 import basic, request_bytes
from test_upstream import MIB, Relay, lets_go_no_more, lived  # noqa: F401

CONFIGURATION = """
data_directory: data
limits: {{idle_seconds: 20, request_seconds: 2}}
listeners:
  - {{address: "localhost:{port}", serves: [public, guard, operations]}}
realms:
  api:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    upstream: {{url: "{url}", answer_seconds: 2, preflight: true, requests: 40, requests_per_client: 8}}
  other:
    dialect: standard
    issuer: http://other.localhost:{port}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    hosts: [other.localhost]
    upstream: {{url: "{url}", paths: [/v1]}}
  below:
    dialect: podero
    issuer: http://below.localhost:{port}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    hosts: [other.localhost]
    upstream: {{url: "{url}", paths: [/v1/below]}}
  query:
    dialect: podchaser
    issuer: http://query.localhost:{port}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    hosts: [query.localhost]
    upstream: {{url: "{url}", paths: [/graphql], preflight: true}}
"""


@pytest.fixture(scope="module")
def relay():
    yield from lived(CONFIGURATION, ("api",))


def gauges(relay):
    """How many exchanges and connections there are, this question's own among them."""
    lines = dict(line.split(" ", 1) for line in relay.metrics().splitlines() if not line.startswith("#"))
    return int(lines["jeton_exchanges"]), int(lines["jeton_connections"])


def is_quiet(relay):
    time.sleep(0.05)  # the last question's connection may be closing still
    return gauges(relay) == (1, 1)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def abort_one(relay, chance):
    """A download that is broken off somewhere, or an upload in its middle."""
    connection = socket.create_connection(relay.daemon.address, 5)
    if chance.random() < 0.7:
        connection.sendall(relay.head("GET", f"/bytes/{4 * MIB}"))
        left = chance.randrange(1, MIB)
        while left > 0 and (piece := connection.recv(65536)) and not piece.startswith(b"HTTP/1.1 503"):
            left -= len(piece)
    else:
        connection.sendall(relay.head("POST", "/things", **{"Transfer-Encoding": "chunked"}) + b"8000\r\n")
        connection.sendall(b"x" * chance.randrange(0x8000))
    reset(connection)


def test_clients_that_go_at_any_moment_leave_nothing_behind(relay):
    end, failures = time.monotonic() + 5, []

    def storm(seed):
        chance = random.Random(seed)
        while time.monotonic() < end:
            try:
                abort_one(relay, chance)
            except ConnectionError:
                pass
            except OSError as failure:
                failures.append(failure)

    threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert relay.daemon.is_running() and not failures
    wait_until(lambda: is_quiet(relay), what="the end of what was under way")
    assert relay.request("GET", "/things").status == 200


def test_a_server_that_answers_without_reading_holds_nobody_for_ever(relay):
    """Neither side can go on: the answer has no room before the request is whole, and the request has none at all."""
    connections = []
    for _ in range(4):
        connection = socket.create_connection(relay.daemon.address, 10)  # it goes on to send as long as it is heard
        # More of an answer than the kernel keeps on its way, whose room grows with use.
        connection.sendall(relay.head("GET", "/export/512", **{"Content-Length": str(64 * MIB)}))
        try:
            for _ in range(64):
                connection.sendall(b"z" * MIB)
        except OSError:
            pass
        connections.append(connection)
    wait_until(lambda: is_quiet(relay), seconds=10, what="the end of four that were stuck")
    for connection in connections:
        connection.close()
    # With less to come the rest is read over, and the answer is whole.
    body = b"z" * (MIB // 2)
    with relay.connect() as connection:
        connection.send(relay.head("GET", "/export", **{"Content-Length": str(len(body))}) + body)
        assert len(connection.reply().body) == 16 * MIB


def test_a_server_that_refuses_and_stalls_holds_nobody_for_ever(relay):
    """It refuses a body in the middle and then stops in its answer: nobody is waited for but the server."""
    connection = socket.create_connection(relay.daemon.address, 10)
    connection.sendall(relay.head("POST", "/refuse-and-stall", **{"Transfer-Encoding": "chunked"}) + b"1\r\nx\r\n")
    assert relay.upstream.stalled.wait(10)
    try:
        for _ in range(64):
            connection.sendall(b"10000\r\n" + b"y" * 65536 + b"\r\n")
    except OSError:
        pass
    wait_until(lambda: is_quiet(relay), seconds=10, what="the end of one that was stuck")
    connection.close()


def test_an_answer_that_is_whole_is_given_though_nobody_reads_the_request(relay):
    """With a length that says so."""
    body = b"z" * (24 * MIB)
    with relay.connect() as connection:
        try:
            connection.send(relay.head("POST", "/short-answer", **{"Content-Length": str(len(body))}) + body)
        except OSError:
            pass  # what was not read over ends with the connection
        reply = connection.reply()
        assert (reply.status, reply.body) == (200, b"ok")


def test_a_name_that_nobody_finds_holds_up_no_other_realm(folder):
    """connect_seconds holds while a name is looked up, and the other realms' requests go on."""
    other = "  other:\n"
    configuration = CONFIGURATION.replace(other, "  lost:\n" + CONFIGURATION.split(other)[1].split("  below:\n")[0]
                                          .replace("other.localhost", "lost.localhost")
                                          .replace('"{url}"', '"http://api.slow.test", connect_seconds: 2') + other)
    relay = Relay(folder, configuration, ("api", "lost"), SlowNames())
    answers = []

    def ask():
        began = time.monotonic()
        reply = relay.request("GET", "/v1/things", realm="lost")
        answers.append((reply.status, time.monotonic() - began))

    def ask_at_once(count):
        threads = [threading.Thread(target=ask) for _ in range(count)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            assert relay.request("GET", "/things").status == 200
            assert time.monotonic() - began < 2
            time.sleep(0.1)

    ask_at_once(4)
    assert {status for status, _ in answers} == {504} and max(took for _, took in answers) < 8
    # A lookup's thread outlives its request: so not everybody may begin one again.
    answers.clear()
    ask_at_once(20)
    assert sum(status == 502 for status, _ in answers) >= 16, answers
    relay.upstream.close()
    relay.daemon.stop()


def test_a_server_that_answers_and_reads_on_gets_all_of_it(relay):
    body = b"z" * (32 * MIB)  # more than the kernel takes in between
    assert len(relay.request("POST", "/convert", body=body).body) == MIB
    wait_until(lambda: relay.upstream.seen_at("/convert")[-1].body_length == len(body), what="the whole body")


def test_a_client_that_goes_at_once_leaves_at_once(relay):
    """Between its request and the first look at it nothing is missed, else it would keep its place for answer_seconds."""
    for _ in range(2000):
        connection = socket.create_connection(relay.daemon.address, 5)
        connection.sendall(relay.head("GET", "/slow"))
        connection.close()
    wait_until(lambda: is_quiet(relay), seconds=1.5, what="the end of them all")


@pytest.mark.parametrize("method, headers", [
    ("POST", {}), ("OPTIONS", {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"})])
def test_a_refused_body_drips_no_longer_than_any_request(relay, method, headers):
    head = request_bytes(method, "/drips", {"Host": relay.daemon.authority, "Transfer-Encoding": "chunked", **headers})
    with relay.connect() as connection:
        connection.send(head)
        began = time.monotonic()
        try:
            while time.monotonic() < began + 8:
                connection.send(b"1\r\nx\r\n")
                time.sleep(0.1)
        except OSError:
            pass
        assert 1.5 < time.monotonic() - began < 5
        assert not relay.upstream.seen_at("/drips")


def test_one_client_cannot_keep_the_others_out(relay):
    connections = [relay.connect() for _ in range(8)]
    for connection in connections:
        connection.send(relay.head("GET", "/slow"))
    wait_until(lambda: gauges(relay)[0] == 9, what="eight under way")
    assert relay.request("GET", "/things").status == 503
    own = relay.tokens["api"]
    relay.tokens["api"] = relay.ask_token("api")
    assert relay.request("GET", "/things").status == 200, "another client's"
    relay.tokens["api"] = own
    relay.upstream.release.set()
    assert {connection.reply().status for connection in connections} == {200}
    for connection in connections:
        connection.close()
    assert relay.request("GET", "/things").status == 200


@pytest.mark.parametrize("target, realm", [
    ("/v1/things", "other"), ("/v1/below/things", "below"), ("/v1/%62elow/things", "below"), ("/%761/below", "below"),
    ("/v1/belo%77", "below"), ("/v1/below%20/things", "other")])
def test_the_longest_prefix_decides_however_it_is_spelled(relay, target, realm):
    """Whoever has a token of the one realm gets nowhere in the other's space."""
    for name in ("other", "below"):
        client = relay.daemon.create_client(name)
        own = {"Authorization": basic(client["client_id"], client["client_secret"])}
        path = {"other": "/oauth2/token", "below": "/oauth2/token/"}[name]
        reply = relay.daemon.post_form(path, {"grant_type": "client_credentials"}, own, "other.localhost")
        assert reply.status == 200, reply
        headers = {"Host": "other.localhost", "Authorization": f"Bearer {reply.json()['access_token']}"}
        answer = relay.daemon.request("GET", target, headers, None, "other.localhost")
        assert (answer.status == 200) == (name == realm), (name, answer)


@pytest.mark.parametrize("target", ["/oauth2/%74oken", "/%6fauth2/token", "/%61uth/sign-in", "/guard%2dx/../guard"])
def test_another_spelling_of_jetons_own_goes_nowhere(relay, target):
    assert relay.request("POST", target, {"X-Mark": target}, "a=1").status in (403, 404)
    assert not any(seen.header("X-Mark") == target for seen in relay.upstream.seen)


@pytest.mark.parametrize("target", ["/die/1", "/die-late"])
def test_an_old_client_does_not_take_half_an_answer_for_a_whole_one(relay, target):
    """HTTP/1.0 knows no chunks: the connection's end is the answer's, unless it is a reset."""
    head = relay.head("GET", target).replace(b"HTTP/1.1", b"HTTP/1.0")
    got, is_reset = b"", False
    with socket.create_connection(relay.daemon.address, 5) as connection:
        connection.sendall(head)
        try:
            while (piece := connection.recv(65536)):
                got += piece
        except ConnectionResetError:
            is_reset = True
    assert got.startswith(b"HTTP/1.1 200")
    assert is_reset or (b"Content-Length: 200000" in got and len(got) < 200000)


@pytest.mark.parametrize("target", ["/upgrade", "/hints"])
def test_what_nobody_has_asked_for_is_no_answer(relay, target):
    reply = relay.request("GET", target)
    assert (reply.status, reply.json()["error"]) == (502, "bad_gateway")


def test_other_methods_of_a_graphql_path_are_the_apis(relay):
    headers = {"Host": "query.localhost", "Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    assert relay.daemon.request("OPTIONS", "/graphql", headers, None, "query.localhost").json()["method"] == "OPTIONS"
    assert relay.daemon.request("PUT", "/graphql", {"Host": "query.localhost"}, None, "query.localhost").status == 401


def test_a_method_that_goes_nowhere_says_which_do(relay):
    assert "POST" in relay.request("TRACE", "/things").header("Allow")
