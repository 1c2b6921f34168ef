"""HTTP/1.1 as hostile or clumsy clients speak it: the server answers, closes or waits, and goes on serving others."""

import resource
import socket
import tempfile
import time

import pytest
from daemon import demo, read_description
from http1 import Connection, ConnectionEnded, request_bytes
from service import Service

IDLE_CONNECTIONS = 4000


@pytest.fixture
def service(shared_demo):
    yield Service(shared_demo, "standard")
    assert Service(shared_demo, "standard").ask_token().status == 200


def token_request(service, **headers):
    path, own, body = service.token_request()
    return request_bytes("POST", path, {"Host": service.daemon.authority, **own, **headers}, body)


def whoami_request(service, token):
    return request_bytes("GET", "/oauth2/whoami", {"Host": service.daemon.authority, **service.bearer(token)})


def test_pipelined_requests_are_answered_in_order(service):
    """[RFC9112 9.3.2] Parked and unparked ones mixed: each reply belongs to its request."""
    token = service.token()
    sent = [token_request(service), whoami_request(service, token), whoami_request(service, "bogus")] * 20
    with Connection(service.daemon.address) as connection:
        connection.send(b"".join(sent))
        statuses = [connection.reply().status for _ in sent]
    assert statuses == [200, 200, 401] * 20


def test_keep_alive_serves_many(service):
    """One connection, hundreds of requests."""
    token = service.token()
    with Connection(service.daemon.address) as connection:
        for _ in range(300):
            connection.send(whoami_request(service, token))
            assert connection.reply().status == 200


def test_close_is_obeyed(service):
    """[RFC9112 9.6]"""
    with Connection(service.daemon.address) as connection:
        connection.send(token_request(service, Connection="close"))
        assert connection.reply().status == 200
        assert connection.is_closed()


def test_http_1_0_is_answered_and_closed(service):
    """[RFC9112 9.3]"""
    with Connection(service.daemon.address) as connection:
        connection.send(token_request(service).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert connection.reply().status == 200
        assert connection.is_closed()


def test_expect_continue(service):
    """[RFC9110 10.1.1] The body is sent after 100 Continue."""
    head, body = token_request(service, Expect="100-continue").split(b"\r\n\r\n")
    with Connection(service.daemon.address) as connection:
        connection.send(head + b"\r\n\r\n")
        assert connection.stream.readline().startswith(b"HTTP/1.1 100")
        connection.stream.readline()
        connection.send(body)
        assert connection.reply().status == 200


def test_bytes_one_by_one(service):
    """A request that comes in single bytes is a request."""
    with Connection(service.daemon.address) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in token_request(service):
            connection.send(bytes([byte]))
        assert connection.reply().status == 200


@pytest.mark.parametrize("chunks", [
    b"5\r\ngrant\r\n17\r\n_type=client_credential\r\n1\r\ns\r\n0\r\n\r\n",
    b"1d;name=value\r\ngrant_type=client_credentials\r\n0\r\n\r\n",
    b"001d\r\ngrant_type=client_credentials\r\n0\r\nTrailer: x\r\n\r\n",
    b"1D\r\ngrant_type=client_credentials\r\n0\r\n\r\n",
], ids=["pieces", "extension", "trailer", "upper case"])
def test_chunked_bodies(service, chunks):
    """[RFC9112 7.1]"""
    reply = send_chunked(service, chunks)
    assert reply.status == 200, str(reply)


@pytest.mark.parametrize("chunks", [
    b"zz\r\nx\r\n0\r\n\r\n", b"-1\r\nx\r\n0\r\n\r\n", b"ffffffffffffffff1\r\nx\r\n0\r\n\r\n", b"2\r\nxyz\r\n0\r\n\r\n",
    b"1d grant\r\n", b"\r\n\r\n",
], ids=["no number", "negative", "overflow", "longer than said", "garbage", "empty size"])
def test_broken_chunks(service, chunks):
    """Refused or hung up on, never accepted."""
    try:
        assert send_chunked(service, chunks).status in (400, 408, 413)
    except ConnectionEnded:
        pass


def send_chunked(service, chunks):
    path, headers, _ = service.token_request()
    head = request_bytes("POST", path, {"Host": service.daemon.authority, **headers, "Transfer-Encoding": "chunked",
                                        "Connection": "close"})
    with Connection(service.daemon.address) as connection:
        connection.send(head + chunks)
        connection.socket.shutdown(socket.SHUT_WR)
        return connection.reply()


@pytest.mark.parametrize("headers", [
    "Content-Length: 29\r\nContent-Length: 30\r\n",
    "Content-Length: 29\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 29\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 29x\r\n",
    "Content-Length: +29\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Content-Length : 29\r\n",
], ids=lambda headers: headers.replace("\r\n", ", "))
def test_conflicting_lengths(service, headers):
    """[RFC9112 6.3] A request whose end is in doubt is refused and the connection closed: nothing is smuggled."""
    path, own, body = service.token_request()
    smuggled = whoami_request(service, "smuggled")
    head = (f"POST {path} HTTP/1.1\r\nHost: {service.daemon.authority}\r\nAuthorization: {own['Authorization']}\r\n"
            f"Content-Type: {own['Content-Type']}\r\n{headers}\r\n")
    with Connection(service.daemon.address) as connection:
        connection.send(head.encode() + body.encode() + smuggled)
        try:
            reply = connection.reply()
        except ConnectionEnded:
            return
        assert 400 <= reply.status < 600 and b"access_token" not in reply.body, str(reply)
        assert reply.status != 500
        assert connection.stream.read() == b"", "more than one reply"


def test_half_requests_leave_nothing_behind(service):
    """Connections cut in the middle of head and body, hundreds of them; parked exchanges too."""
    whole = token_request(service)
    for cut in range(1, len(whole), 3):
        with Connection(service.daemon.address) as connection:
            connection.send(whole[:cut])
    for _ in range(100):
        with Connection(service.daemon.address) as connection:
            connection.send(whole)  # gone before the reply
    assert service.ask_token().status == 200


def test_a_client_that_does_not_read_stops_nobody(service):
    """Replies that nobody takes fill only their own connection."""
    token = service.token()
    with Connection(service.daemon.address) as deaf:
        deaf.socket.setblocking(False)
        try:
            for _ in range(20_000):
                deaf.send(whoami_request(service, token))
        except BlockingIOError:
            pass
        began = time.monotonic()
        for _ in range(50):
            assert service.whoami(token).status == 200
        assert time.monotonic() - began < 5


def test_idle_connections_stop_nobody(own_demo):
    """4,000 idle connections while others are served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if min(hard, 10**9) < IDLE_CONNECTIONS + 500:
        pytest.skip(f"only {hard} open files allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE_CONNECTIONS + 500), hard))
    service = Service(own_demo, "standard")
    token = service.token()
    idle = []
    try:
        for _ in range(IDLE_CONNECTIONS):
            idle.append(socket.create_connection(own_demo.address, timeout=10))
        began = time.monotonic()
        for _ in range(200):
            assert service.guard(token).status == 200
            assert service.ask_token().status == 200
        assert time.monotonic() - began < 20
        assert_heads_are_refused(own_demo, idle)
        for alive in (idle[0], idle[-1]):
            alive.sendall(whoami_request(service, token))
            assert alive.recv(15).startswith(b"HTTP/1.1 200")
    finally:
        for connection in idle:
            connection.close()


def assert_heads_are_refused(daemon, idle):
    """One that is too large is found among them, whether its connection is new or was idle."""
    head = f"POST /oauth/token HTTP/1.1\r\nHost: {daemon.authority}\r\nX: ".encode() + b"x" * 30_000
    for data, status in ((head, 431), (b"GET /" + b"x" * 30_000, 414)):
        reply = daemon.send(data)
        assert reply.status == status and b'"error"' in reply.body, str(reply)
        old = idle.pop(1)
        old.sendall(data)
        with old.makefile("rb") as stream:
            assert stream.readline().startswith(b"HTTP/1.1 %d " % status)
            assert b'"error"' in stream.read()
        old.close()


@pytest.fixture(scope="module")
def impatient():
    """A demo whose requests must arrive within a second."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        daemon = demo(name)
        daemon.stop()
        with open(daemon.folder / "demo" / "jeton.yaml", "a", encoding="utf-8") as file:
            file.write("\nlimits: {request_seconds: 1, idle_seconds: 1}\n")
        daemon.start()
        read_description(daemon)
        yield daemon
        daemon.stop()


def test_slow_clients_are_cut_off(impatient):
    """A head that drips and a body that never comes end at the request's time limit; others do not notice."""
    service = Service(impatient, "standard")
    whole = token_request(service)
    began = time.monotonic()
    with Connection(impatient.address) as head, Connection(impatient.address) as body, \
            Connection(impatient.address) as nothing:
        head.send(whole[:20])
        body.send(whole[:-5])
        while time.monotonic() - began < 0.5:
            assert service.ask_token().status == 200
        for slow in (head, body, nothing):
            assert has_ended(slow)
    assert time.monotonic() - began < 10


def has_ended(connection):
    """A 408 or a plain close."""
    try:
        return connection.reply().status == 408
    except ConnectionEnded:
        return True


@pytest.mark.parametrize("data", [
    b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", b"GET / HTTP/1.1\r\nNo colon\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 4096, b"A" * 100_000,
], ids=lambda data: repr(data[:30]))
def test_what_is_no_request(impatient, data):
    """Answered with a 4xx (501, 505), hung up on, or cut off at the time limit."""
    with Connection(impatient.address) as connection:
        try:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            reply = connection.reply()
        except TimeoutError:
            raise
        except (ConnectionEnded, OSError):
            return
        assert 400 <= reply.status < 500 or reply.status in (501, 505), str(reply)


def test_large_reply_headers_do_not_reflect(service):
    """Nothing of the request comes back in a header: no splitting [CWE-113]."""
    reply = service.daemon.request("GET", "/oauth2/whoami?a=%0d%0aSet-Cookie:%20x", {
        "X-Request-Id": "forged", "Authorization": "Bearer x\ty"})
    assert reply.header("Set-Cookie") is None and reply.header("X-Request-Id") != "forged"


def test_request_ids_are_unique(service):
    """An exchange id in every reply, and the same one in the log."""
    ids = [service.whoami("bogus").header("X-Request-Id") for _ in range(50)]
    assert len(set(ids)) == 50 and all(len(one) == 16 for one in ids)


@pytest.mark.parametrize("path, member", [("/oauth/token", b'"error_propagate":false'), ("/graphql", b'{"errors":[{'),
                                          ("/oauth2/token/", b'{"error": '), ("/oauth2/token", b'"error_description":')])
def test_a_malformed_head_is_refused_in_the_shape_of_its_place(shared_demo, path, member):
    """Two Authorization headers: which one counts is in doubt [RFC9110 11.6.2]; the dialect says so in its own words."""
    head = (f"POST {path} HTTP/1.1\r\nHost: {shared_demo.authority}\r\nAuthorization: Basic YTpi\r\n"
            "Authorization: Basic Yjpj\r\nContent-Length: 0\r\n\r\n")
    with Connection(shared_demo.address) as connection:
        connection.send(head.encode())
        reply = connection.reply()
        assert reply.status == 400 and member in reply.body, str(reply)
