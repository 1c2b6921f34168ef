"""The API behind Jeton: what is none of Jeton's own goes on, streaming, and comes back."""

import hashlib
import json
import re
import socket
import tempfile
import threading
import time
from pathlib import Path

import http1
import pytest
from daemon import Clock, free_port, serve, wait_until
from upstream import Upstream, pattern

MIB, MINUTE = 1024 * 1024, 60
CONFIGURATION = """
data_directory: data
limits: {{idle_seconds: 20}}
listeners:
  - {{address: "localhost:{port}", serves: [public, guard, operations]}}
realms:
  api:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}, write: {{description: Write., level: write}}}}
    default_scope: read
    upstream: {{url: "{url}", answer_seconds: 60, preflight: true}}
    guard:
      unmatched: allow
      rules:
        - {{path: "/secret/**", scope: write}}
        - {{path: "/estimated", method: [GET, POST], cost: graphql, limit: points}}
        - {{path: "/late", method: POST, limit: late}}
    plans:
      test:
        - {{name: points, limit: points, unit: points, seconds: 1h, most: 2000}}
        - {{name: late, limit: late, unit: points, seconds: 20m, most: 20}}
    default_plan: {{production: test}}
  dead:
    dialect: standard
    issuer: http://dead.localhost:{port}
    hosts: [dead.localhost]
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    upstream: {{url: "http://127.0.0.1:{dead_port}"}}
  hasty:
    dialect: standard
    issuer: http://hasty.localhost:{port}
    hosts: [hasty.localhost]
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    upstream: {{url: "{url}", answer_seconds: 2}}
  prefixed:
    dialect: standard
    issuer: http://prefixed.localhost:{port}
    hosts: [prefixed.localhost]
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    upstream: {{url: "{url}/below", paths: [/v1, /v2/things], pass_authorization: true, requests: 20}}
    plans: {{test: [{{name: hour, seconds: 1h, most: 100000}}]}}
    default_plan: {{production: test}}
  windows:
    dialect: standard
    issuer: http://windows.localhost:{port}
    hosts: [windows.localhost]
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}}}
    default_scope: read
    upstream: {{url: "{url}"}}
    plans: {{test: [{windows}]}}
    default_plan: {{production: test}}
"""
WINDOWS = ", ".join(f"{{name: {letter * 63}, limit: all, seconds: 366d, most: 1000000000}}" for letter in "abcdefgh")


class Relay:
    def __init__(self, folder, configuration=CONFIGURATION, realms=("api", "dead", "hasty", "prefixed", "windows"),
                 clock=None):
        self.upstream = Upstream()
        port, dead_port = free_port(), free_port()
        text = configuration.format(port=port, dead_port=dead_port, url=self.upstream.url, windows=WINDOWS)
        self.daemon = serve(folder, text, port, clock)
        self.tokens = {realm: self.ask_token(realm) for realm in realms}

    def host(self, realm):
        return self.daemon.authority if realm == "api" else f"{realm}.localhost"

    def ask_token(self, realm, scope=None):
        client = self.daemon.create_client(realm)
        if realm == "api":
            self.client_id = client["client_id"]
        headers = {"Authorization": http1.basic(client["client_id"], client["client_secret"])}
        reply = self.daemon.post_form("/oauth2/token", {"grant_type": "client_credentials", "scope": scope}, headers,
                                      self.host(realm))
        assert reply.status == 200, reply
        token = reply.json()["access_token"]
        self.daemon.secrets.add(token)
        return token

    def headers(self, realm="api", **more):
        return {"Host": self.host(realm), "Authorization": f"Bearer {self.tokens[realm]}", **more}

    def request(self, method, target, headers=None, body=None, realm="api"):
        return self.daemon.request(method, target, {**self.headers(realm), **(headers or {})}, body,
                                   self.host(realm))

    def charge(self, **parameters):
        """As the API's server tells it, who is known."""
        teller = self.daemon.create_client("api", may_introspect=True)
        headers = {"Authorization": http1.basic(teller["client_id"], teller["client_secret"])}
        return self.daemon.post_form("/usage/api", parameters, headers, self.host("api"))

    def connect(self, timeout=20):
        return http1.Connection(self.daemon.address, timeout)

    def head(self, method, target, **more):
        """A head alone, ended."""
        return http1.request_bytes(method, target, self.headers(**more), None)

    def resident(self):
        return int(next(line for line in self.metrics().splitlines()
                        if line.startswith("process_resident_memory_bytes")).split()[1])

    def metrics(self):
        return self.daemon.request("GET", "/metrics").body.decode()


def lived(*options):
    """A relay in a folder of its own, until its tests are over."""
    with tempfile.TemporaryDirectory(prefix="jeton-") as folder:
        relay = Relay(folder, *options)
        yield relay
        relay.upstream.close()
        relay.daemon.stop()


@pytest.fixture(scope="module")
def relay():
    yield from lived()


@pytest.fixture(autouse=True)
def lets_go_no_more(relay):
    relay.upstream.release.clear()


def read_answer(connection):
    """Status, headers and the body of an answer that may be chunked or end with its connection; None: it was cut."""
    status, headers = connection._head()
    named = {name.lower(): value for name, value in headers}
    if "content-length" in named:
        body = connection.stream.read(int(named["content-length"]))
        return status, named, body if len(body) == int(named["content-length"]) else None
    if named.get("transfer-encoding") != "chunked":
        return status, named, connection.stream.read()
    pieces = []
    while True:
        line = connection.stream.readline()
        if not line:
            return status, named, None
        size = int(line, 16)
        pieces.append(connection.stream.read(size))
        connection.stream.readline()
        if size == 0:
            return status, named, b"".join(pieces)


# --- what goes on ---

def test_a_request_goes_on_as_it_came(relay):
    reply = relay.request("GET", "/things/1?a=b&c=%20x", {"X-Mine": "1", "Accept": "text/x", "Cookie": "c=1"})
    assert reply.status == 200, reply
    told = reply.json()
    names = {name.lower(): value for name, value in told["headers"]}
    assert (told["method"], told["target"]) == ("GET", "/things/1?a=b&c=%20x")
    assert names["x-mine"] == "1" and names["accept"] == "text/x" and names["cookie"] == "c=1"
    assert names["host"] == f"127.0.0.1:{relay.upstream.port}"
    assert names["x-forwarded-for"] in ("127.0.0.1", "::1") and names["x-forwarded-proto"] == "http"
    assert names["x-forwarded-host"] == relay.daemon.authority
    assert names["via"].startswith("1.1 jeton-")
    assert names["x-request-id"] == reply.header("X-Request-Id")


def test_identity_is_told_and_the_token_is_not(relay):
    told = relay.request("GET", "/things").json()
    names = {name.lower(): value for name, value in told["headers"]}
    assert names["x-jeton-client"] == relay.client_id
    assert names["x-jeton-scope"] == "read" and names["x-jeton-subject"] == "-"
    assert {name for name in names if name.startswith("x-jeton-")} == {
        "x-jeton-client", "x-jeton-application", "x-jeton-environment", "x-jeton-subject", "x-jeton-instance",
        "x-jeton-scope", "x-jeton-token-id"}
    assert "authorization" not in names


def test_the_token_goes_on_where_the_realm_says_so(relay):
    told = relay.request("GET", "/v1/x?y=1", realm="prefixed").json()
    assert dict(told["headers"])["Authorization"] == f"Bearer {relay.tokens['prefixed']}"


def test_prefixes_are_whole_segments_and_the_urls_path_comes_first(relay):
    for target in ("/v1", "/v1/", "/v1/x?y=1", "/v2/things/1"):
        assert relay.request("GET", target, realm="prefixed").json()["target"] == "/below" + target
    for target in ("/", "/v11", "/v2", "/v2/other"):  # those are the realm's that takes every host, and all paths
        assert relay.request("GET", target, realm="prefixed").header("WWW-Authenticate").startswith('Bearer realm="api"')


@pytest.mark.parametrize("name", ["X-Jeton-Client", "x-jeton-scope", "X_Jeton_Subject", "X-JETON-Extra", "X.Jeton.Client",
                                  "X-Forwarded-For", "X_Forwarded_Host", "Forwarded", "X-Real-IP", "X-Original-URL",
                                  "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Method-Override", "Proxy", "X-Request-Id"])
def test_what_a_client_says_of_itself_is_dropped(relay, name):
    told = relay.request("GET", "/things", {name: "evil"}).json()
    assert "evil" not in [value for _, value in told["headers"]]


def test_hop_by_hop_headers_are_dropped(relay):
    sent = {"Connection": "keep-alive, X-Private", "X-Private": "evil", "Keep-Alive": "evil", "TE": "trailers",
            "Proxy-Authorization": "evil", "Upgrade": "evil", "Proxy-Connection": "evil", "Trailer": "evil"}
    told = relay.request("GET", "/things", sent).json()
    names = {name.lower() for name, _ in told["headers"]}
    assert not names & {"connection", "x-private", "keep-alive", "te", "proxy-authorization", "upgrade",
                        "proxy-connection", "trailer", "transfer-encoding"}


def test_a_client_cannot_make_identity_hop_by_hop(relay):
    told = relay.request("GET", "/things", {"Connection": "X-Jeton-Client, Via, X-Forwarded-For"}).json()
    names = {name.lower(): value for name, value in told["headers"]}
    assert names["x-jeton-client"] == relay.client_id and names["x-forwarded-for"]


def test_via_is_continued_and_a_circle_is_noticed(relay):
    told = relay.request("GET", "/things", {"Via": "1.0 fred"}).json()
    via = dict(told["headers"])["Via"]
    assert via.startswith("1.0 fred, 1.1 jeton-")
    assert relay.request("GET", "/things", {"Via": via}).status == 502


def test_the_answers_headers_come_back_but_those_of_one_connection(relay):
    reply = relay.request("GET", "/headers")
    names = [name.lower() for name, _ in reply.headers]
    assert reply.status == 200 and reply.body == b"ok"
    assert reply.header("X-End") == "to end" and reply.header("Date") == "Mon, 01 Jan 2001 00:00:00 GMT"
    assert [value for name, value in reply.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert reply.header("X-Request-Id") != "theirs"
    assert not set(names) & {"x-hop", "keep-alive", "x-jeton-cost", "x-jeton-client"}
    assert "theirs" in reply.header("RateLimit")  # nothing is limited here


SWAPPED = """
authorization_schemes: [Bearer]
client_authentication: [header]
facts: {environment: {production: development, development: production}}
endpoints: [{path: /oauth2/token, does: token, bodies: [form]}]
replies:
  token: {body: '{"access_token":$access_token}'}
  guard: {headers: {X-Environment: $environment}}
errors: {body: '{"error":$error}'}
"""


def test_a_dialects_own_values_are_put_in_once(folder):
    """Whatever one of them is called in the other's place."""
    Path(folder, "dialects").mkdir()
    Path(folder, "dialects", "swapped.yaml").write_text(SWAPPED)
    text = CONFIGURATION.replace("dialect: standard\n    issuer: http://localhost", "dialect: swapped\n    issuer: http://localhost")
    relay = Relay(folder, "dialect_directory: dialects" + text, ("api",))
    assert relay.request("GET", "/things").header("X-Environment") == "development"
    relay.upstream.close()
    relay.daemon.stop()


@pytest.mark.parametrize("sent, told", [
    ("a=1; jeton-api=s; b=2", "a=1; b=2"), ("jeton_device-api=s; a=1", "a=1"), ("__Host-jeton-api=s", None), ("__host-jeton-api=s;=jeton-api=s", None),
    ("a=jeton-api; not-jeton-api=1", "a=jeton-api; not-jeton-api=1")])
def test_the_cookies_of_jetons_pages_are_nobody_elses(relay, sent, told):
    """Whoever has one opens a person's account."""
    names = dict(relay.request("GET", "/things", {"Cookie": sent}).json()["headers"])
    assert names.get("Cookie") == told


def test_what_is_left_is_told_by_jeton_alone(relay):
    reply = relay.request("GET", "/v1/headers", realm="prefixed")
    told = [value for name, value in reply.headers if name == "RateLimit"]
    assert len(told) == 1 and told[0].startswith('"hour";r='), told


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_methods_go_on(relay, method):
    reply = relay.request(method, "/things", body=None if method == "GET" else "")
    assert reply.json()["method"] == method
    assert reply.json()["length"] == 0


def test_an_interim_answer_is_passed_over(relay):
    reply = relay.request("GET", "/hint")
    assert (reply.status, reply.body) == (200, b"after") and reply.header("Link") is None


# --- who may ---

def test_refusals_are_the_dialects_own(relay):
    before = len(relay.upstream.seen)
    reply = relay.daemon.request("GET", "/things")
    assert reply.status == 401 and reply.header("WWW-Authenticate").startswith("Bearer")
    assert relay.request("GET", "/things", {"Authorization": "Bearer nonsense"}).status == 401
    assert relay.request("GET", "/secret/x").status == 403
    assert len(relay.upstream.seen) == before


@pytest.mark.parametrize("target", ["/things/../secret/x", "/things/%2e%2e/secret/x", "/things/..%2fsecret/x", "//secret/x",
                                    "/secret%2fx", "/things/%5c..%5csecret", "/things/;/secret/x", "/things%00",
                                    "/things#/../secret", "/a?b#c", "/%252e%252e/secret/x"])
def test_a_path_that_reads_in_two_ways_goes_nowhere(relay, target):
    before = len(relay.upstream.seen)
    assert relay.request("GET", target).status in (400, 403)
    assert len(relay.upstream.seen) == before


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "GeT", "FOO!"])
def test_odd_methods_go_nowhere(relay, method):
    before = len(relay.upstream.seen)
    assert relay.request(method, "/things").status in (400, 404, 405)
    assert len(relay.upstream.seen) == before


def test_own_endpoints_stay_own(relay):
    before = len(relay.upstream.seen)
    assert relay.request("GET", "/oauth2/token").status == 405
    assert relay.request("GET", "/.well-known/oauth-authorization-server").status == 200
    assert relay.request("GET", "/auth/api/sign-in").status == 200
    assert relay.request("GET", "/guard/api/things").status == 200
    assert len(relay.upstream.seen) == before


def test_preflight_goes_on_without_a_token_and_nothing_else_does(relay):
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    reply = relay.daemon.request("OPTIONS", "/secret/x", asked)
    assert reply.status == 200
    assert dict(reply.json()["headers"])["X-Jeton-Client"] == "-"
    assert relay.daemon.request("OPTIONS", "/secret/x").status == 401
    assert relay.daemon.request("GET", "/secret/x", asked).status == 401


# --- bodies ---

def test_a_small_body_goes_on_with_its_length(relay):
    told = relay.request("POST", "/things", {"Content-Type": "text/plain"}, b"hello").json()
    names = {name.lower(): value for name, value in told["headers"]}
    assert told["length"] == 5 and names["content-length"] == "5" and names["content-type"] == "text/plain"
    assert "expect" not in names


@pytest.mark.parametrize("length", [65536, 65537, 8 * MIB])
def test_large_bodies_go_on(relay, length):
    body = pattern(length)
    told = relay.request("PUT", "/things", body=body).json()
    assert told["length"] == length and told["digest"] == hashlib.sha256(body).hexdigest()
    assert dict(told["headers"])["Content-Length"] == str(length)


def chunked(body, piece):
    parts = [body[at:at + piece] for at in range(0, len(body), piece)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("length,piece", [(0, 1), (10, 3), (100000, 70000), (8 * MIB, 300000)])
def test_chunked_bodies_go_on(relay, length, piece):
    body = pattern(length)
    with relay.connect() as connection:
        connection.send(relay.head("POST", "/things", **{"Transfer-Encoding": "chunked"}))
        connection.send(chunked(body, piece))
        told = connection.reply().json()
        assert told["length"] == length and told["digest"] == hashlib.sha256(body).hexdigest()
        connection.send(relay.head("GET", "/things"))  # and the connection is as good as before
        assert connection.reply().status == 200


@pytest.mark.parametrize("length", [0, 1, 16384, 65536, 65537, 8 * MIB, 32 * MIB])
def test_large_answers_come_back(relay, length):
    assert relay.request("GET", f"/bytes/{length}").body == pattern(length)


@pytest.mark.parametrize("target", [f"/chunks/{8 * MIB}", "/chunks/100000/7000", "/chunks/0", "/chunks/10",
                                    f"/until-close/{8 * MIB}", "/until-close/10"])
def test_answers_of_unknown_length_come_back(relay, target):
    length = int(target.split("/")[2])
    with relay.connect() as connection:
        for _ in range(2):
            connection.send(relay.head("GET", target))
            status, headers, body = read_answer(connection)
            assert status == 200 and body == pattern(length) and "trailer" not in headers


def test_a_large_body_comes_back_whole(relay):
    body = pattern(8 * MIB)
    assert relay.request("POST", "/echo", body=body).body == body


def test_memory_stays_bounded(relay):
    """Eight at once, 8 MiB each way."""
    relay.request("GET", "/bytes/1000000")
    before = relay.resident()
    failures = []

    def load():
        try:
            send_and_read()
        except OSError as error:
            failures.append(error)

    def send_and_read():
        body = pattern(8 * MIB)
        told = relay.request("POST", "/things", body=body)
        if told.status != 200 or relay.request("GET", f"/bytes/{8 * MIB}").body != body:
            failures.append(told)

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    peak = 0
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, relay.resident())
        time.sleep(0.05)
    assert not failures
    grown = (peak - before) / MIB
    is_sanitized = "libasan" in Path(f"/proc/{relay.daemon.process.pid}/maps").read_text()  # it keeps what was freed
    assert grown < (64 if is_sanitized else 16), f"{grown:.1f} MiB more"


def test_a_client_that_does_not_read_holds_the_upstream_back(relay):
    relay.upstream.endless_sent = 0
    with relay.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.send(relay.head("GET", "/endless"))
        wait_until(lambda: relay.upstream.endless_sent > 0)

        def has_stopped():
            sent = relay.upstream.endless_sent
            time.sleep(0.3)
            return relay.upstream.endless_sent == sent

        wait_until(has_stopped)
        assert relay.upstream.endless_sent < 48 * MIB  # what the kernel's four buffers may take
        gone = relay.upstream.gone
        sent = relay.upstream.endless_sent
        connection.stream.read(4 * MIB)  # it goes on where it stopped
        wait_until(lambda: relay.upstream.endless_sent > sent)
    wait_until(lambda: relay.upstream.gone > gone, what="the upstream's end")


# --- heads without bodies ---

def test_head_has_the_length_and_no_body(relay):
    with relay.connect() as connection:
        connection.send(relay.head("HEAD", "/things"))
        reply = connection.reply(to_head=True)
        assert reply.status == 200 and int(reply.header("Content-Length")) > 100
        connection.send(relay.head("GET", "/things"))
        assert connection.reply().json()["method"] == "GET"
        connection.send(relay.head("HEAD", "/chunks/100"))
        reply = connection.reply(to_head=True)
        assert reply.status == 200 and reply.header("Content-Length") is None
        assert connection.is_closed()  # whose end is the only one that libmicrohttpd can tell then


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(relay, status):
    with relay.connect() as connection:
        connection.send(relay.head("GET", f"/status/{status}"))
        reply = connection.reply()
        assert reply.status == status and reply.header("ETag") == '"x"'
        assert reply.header("Content-Length") in (None, "0")
        connection.send(relay.head("GET", "/things"))
        assert connection.reply().status == 200


@pytest.mark.parametrize("status", [201, 301, 400, 404, 418, 500, 503, 599])
def test_statuses_come_back(relay, status):
    reply = relay.request("GET", f"/status/{status}")
    assert (reply.status, reply.body) == (status, b"status %d" % status)


# --- Expect ---

def test_expect_is_answered_before_the_body(relay):
    with relay.connect() as connection:
        connection.send(relay.head("POST", "/things", Expect="100-continue", **{"Content-Length": "5"}))
        assert connection._head()[0] == 100
        connection.send(b"hello")
        told = connection.reply().json()
        assert told["length"] == 5 and "Expect" not in dict(told["headers"])


def test_expect_is_refused_without_a_body(relay):
    with relay.connect() as connection:
        connection.send(http1.request_bytes("POST", "/things", {"Host": relay.daemon.authority, "Expect": "100-continue",
                                                                "Content-Length": "5"}))
        assert connection._head()[0] == 401


def test_a_refused_body_is_read_over(relay):
    with relay.connect() as connection:
        connection.send(http1.request_bytes("POST", "/things", {"Host": relay.daemon.authority,
                                                                "Content-Length": "200000"}))
        connection.send(b"x" * 200000)
        assert connection.reply().status == 401
        connection.send(relay.head("GET", "/things"))
        assert connection.reply().status == 200


# --- connections ---

def test_connections_are_kept_on_both_sides(relay):
    before = relay.upstream.connections
    with relay.connect() as connection:
        for _ in range(50):
            connection.send(relay.head("GET", "/things"))
            assert connection.reply().status == 200
            connection.send(http1.request_bytes("POST", "/things", relay.headers(), b"x" * 1000))
            assert connection.reply().json()["length"] == 1000
    assert relay.upstream.connections - before <= 1


def test_many_at_once(relay):
    """200 clients at once, each with several requests, and nobody gets another's answer."""
    failures = []

    def load(number):
        try:
            with relay.connect() as connection:
                for i in range(5):
                    connection.send(relay.head("GET", f"/things/{number}/{i}"))
                    if connection.reply().json()["target"] != f"/things/{number}/{i}":
                        failures.append(number)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_more_than_may_be_under_way_are_refused(relay):
    """And not charged, since they went nowhere."""
    left = hour_left(relay.request("GET", "/v1/x", realm="prefixed"))
    refused = counted(relay, "prefixed")["refused_other"]
    connections = []
    try:
        for _ in range(20):
            connections.append(relay.connect())
            connections[-1].send(http1.request_bytes("GET", "/v1/slow", relay.headers("prefixed")))
        wait_until(lambda: len(relay.upstream.seen_at("/below/v1/slow")) == 20)
        reply = relay.request("GET", "/v1/slow", realm="prefixed")
        assert reply.status == 503 and hour_left(reply) == left - 20
        assert relay.request("GET", "/things").status == 200  # another realm's
        relay.upstream.release.set()
        assert {connection.reply().status for connection in connections} == {200}
    finally:
        for connection in connections:
            connection.close()
    wait_until(lambda: relay.request("GET", "/v1/x", realm="prefixed").status == 200)
    wait_until(lambda: counted(relay, "prefixed")["refused_other"] > refused, what="the refusal in the usage")


def test_a_reload_does_not_begin_to_count_anew(relay):
    """Nor does it forget what it has counted."""
    before = len(relay.upstream.seen_at("/below/v1/slow"))
    connections = [relay.connect() for _ in range(20)]
    for connection in connections:
        connection.send(http1.request_bytes("GET", "/v1/slow", relay.headers("prefixed")))
    wait_until(lambda: len(relay.upstream.seen_at("/below/v1/slow")) == before + 20, what="a full upstream")
    relay.daemon.reload()
    wait_until(lambda: relay.daemon.log_events("configuration_reloaded"))
    assert relay.request("GET", "/v1/x", realm="prefixed").status == 503
    relay.upstream.release.set()
    assert {connection.reply().status for connection in connections} == {200}
    for connection in connections:
        connection.close()
    assert wait_until(lambda: relay.request("GET", "/v1/x", realm="prefixed").status == 200)


def hour_left(reply):
    return int(re.search(r'"hour";r=(\d+);', reply.header("RateLimit"))[1])


def counted(relay, realm):
    return relay.daemon.command("usage", realm=realm)["total"]


# --- an upstream that fails ---

def test_a_dead_upstream_is_502(relay):
    reply = relay.request("GET", "/x", realm="dead")
    assert reply.status == 502 and reply.json()["error"] == "bad_gateway"


def test_a_slow_upstream_is_504(relay):
    began = time.monotonic()
    reply = relay.request("GET", "/slow", realm="hasty")
    assert reply.status == 504 and reply.json()["error"] == "gateway_timeout"
    assert 1.9 < time.monotonic() - began < 15
    relay.upstream.release.set()


@pytest.mark.parametrize("target", ["/die-head", "/garbage", "/folded", "/big-head/60000"])
def test_an_answer_without_a_right_head_is_502(relay, target):
    for method in ("GET", "POST"):
        reply = relay.request(method, target)
        assert reply.status == 502, (method, reply)


def test_a_head_with_a_body_goes_on_without(relay):
    """And keeps the connection to the API."""
    before = relay.upstream.connections
    with relay.connect() as connection:
        for _ in range(4):
            connection.send(relay.head("HEAD", "/things", **{"Content-Length": "5"}) + b"hello")
            assert connection.reply(to_head=True).status == 200
    assert relay.upstream.connections <= before + 1
    with relay.connect() as connection:
        connection.send(relay.head("HEAD", "/things", **{"Content-Length": "100000"}) + b"x" * 100_000)
        assert connection.reply(to_head=True).status == 413


def test_a_head_too_long_with_ours_is_502(relay):
    """What is told of eight windows takes room that the API's own headers have not got."""
    told = [relay.request("GET", f"/big-head/{size}", realm="windows").status for size in range(12000, 19000, 500)]
    assert told == sorted(told) and set(told) == {200, 502}, told


def test_a_big_head_comes_back(relay):
    reply = relay.request("GET", "/big-head/8000")
    assert reply.status == 200 and reply.header("X-Big-7") == "y" * 1000
    told = relay.request("POST", "/big-head/8000", body=pattern(MIB))
    assert told.status == 200 and told.header("X-Big-7") == "y" * 1000


@pytest.mark.parametrize("target", ["/die", "/die-chunked"])
def test_an_upstream_that_dies_in_the_body_cuts_the_answer(relay, target):
    with relay.connect() as connection:
        connection.send(relay.head("GET", target))
        try:
            status, _, body = read_answer(connection)
        except (AssertionError, ConnectionResetError):
            return
        assert status in (200, 502) and (status == 502 or body is None)


def test_a_post_is_not_sent_twice(relay):
    """A kept connection dies with the request on it: GET is tried again, POST is not."""
    for method, tries in (("GET", 2), ("POST", 1)):
        with relay.connect() as connection:
            for _ in range(3):
                connection.send(relay.head("GET", "/things"))
                connection.reply()
        before = len(relay.upstream.seen)
        assert relay.request(method, "/die-head").status == 502
        assert len(relay.upstream.seen) - before == tries, method


@pytest.mark.parametrize("target", ["/early", "/early-close"])
@pytest.mark.parametrize("length", [300000, 8 * MIB])
def test_an_early_no_reaches_the_client(relay, target, length):
    reply = relay.request("POST", target, body=pattern(length))
    assert (reply.status, reply.body) == (413, b"too much"), relay.daemon.log_events("upstream_failed")[-1]["reason"]


# --- a client that goes ---

def test_a_client_that_goes_ends_the_request_upstream(relay):
    gone = relay.upstream.gone
    with relay.connect() as connection:
        connection.send(relay.head("GET", "/slow"))
        wait_until(lambda: relay.upstream.seen[-1].target == "/slow")
    wait_until(lambda: relay.upstream.gone > gone, seconds=10, what="the end upstream")


def test_a_client_that_goes_while_nothing_comes_ends_the_request_upstream(relay):
    gone = relay.upstream.gone
    with relay.connect() as connection:
        connection.send(relay.head("GET", "/drip"))
        assert connection._head()[0] == 200
        assert connection.stream.readline() == b"6\r\n" and connection.stream.readline() == b"first\n"
    wait_until(lambda: relay.upstream.gone > gone, seconds=10, what="the end upstream")


def test_what_comes_little_by_little_is_not_held_back(relay):
    with relay.connect() as connection:
        connection.send(relay.head("GET", "/drip"))
        assert connection._head()[0] == 200
        assert connection.stream.readline() == b"6\r\n" and connection.stream.readline() == b"first\n"
        relay.upstream.release.set()
        assert connection.stream.readline() == b"\r\n"
        assert connection.stream.readline() == b"5\r\n" and connection.stream.readline() == b"last\n"


def test_a_client_that_goes_in_the_middle_of_its_body_ends_the_request_upstream(relay):
    gone = relay.upstream.gone
    with relay.connect() as connection:
        connection.send(relay.head("POST", "/things", **{"Content-Length": str(8 * MIB)}))
        connection.send(pattern(MIB))
        wait_until(lambda: relay.upstream.seen[-1].header("Content-Length") == str(8 * MIB))
    wait_until(lambda: relay.upstream.gone > gone)


# --- smuggling ---

@pytest.mark.parametrize("framing", [
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "X: y\r\n Transfer-Encoding: chunked\r\n",
])
def test_a_body_that_can_be_framed_in_two_ways_goes_nowhere(relay, framing):
    before = len(relay.upstream.seen)
    head = f"POST /things HTTP/1.1\r\nHost: {relay.daemon.authority}\r\n" \
           f"Authorization: Bearer {relay.tokens['api']}\r\n{framing}\r\n"
    smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with relay.connect() as connection:
        connection.send(head.encode("latin-1") + smuggled.encode())
        assert connection.reply().status in (400, 413)
    assert len(relay.upstream.seen) == before


@pytest.mark.parametrize("mark, status", [("\r", 400), ("\n", 200)], ids=["CR", "LF"])
def test_a_bare_end_of_line_is_no_part_of_a_value(relay, mark, status):
    """CR is refused; LF ends the line [RFC9112 2.2], so that what follows is a header of its own, and dropped."""
    before = len(relay.upstream.seen)
    with relay.connect() as connection:
        connection.send(f"GET /things HTTP/1.1\r\nHost: {relay.daemon.authority}\r\nX-A: b{mark}X-Jeton-Client: me\r\n"
                        f"Authorization: Bearer {relay.tokens['api']}\r\n\r\n".encode())
        reply = connection.reply()
    assert reply.status == status
    for seen in relay.upstream.seen[before:]:
        assert seen.header("X-A") == "b" and seen.header("X-Jeton-Client") == relay.client_id
    assert len(relay.upstream.seen) - before == (status == 200)


def test_a_body_whose_cost_is_estimated_is_collected(relay):
    query = json.dumps({"query": "{ a }"}).encode()
    with relay.connect() as connection:
        connection.send(relay.head("POST", "/estimated", **{"Transfer-Encoding": "chunked", "Content-Type": "application/json"})
                        + chunked(query, 5))
        told = connection.reply().json()
        assert dict(told["headers"])["Content-Length"] == str(len(query))
    assert relay.request("POST", "/estimated", body=b" " * 70000).status == 413


def spent(relay, name):
    windows = relay.daemon.command("client plan show", client_id=relay.client_id)["windows"]
    return next(window["used"] for window in windows if window["name"] == name)


DEAR = "{posts(first: 500){id}}"


def test_a_query_is_charged_what_it_will_cost(relay):
    before = spent(relay, "points")
    headers = {"Content-Type": "application/json"}
    reply = relay.request("POST", "/estimated", headers, json.dumps({"query": DEAR}))
    assert reply.status == 200 and f'"points";r={2000 - before - 501};' in reply.header("RateLimit")
    assert relay.request("GET", "/estimated?query=%7Bposts(first:%2030)%7Bid%7D%7D").status == 200
    assert spent(relay, "points") == before + 501 + 31


@pytest.mark.parametrize("target, headers, body", [
    ("/estimated", {"Content-Encoding": "gzip"}, json.dumps({"query": DEAR})),
    ("/estimated", {}, '{"query": "%s", "query": "{a}"}' % DEAR),
    ("/estimated", {}, '{"query": "%s", "x": 1e999}' % DEAR),
    ("/estimated", {"Content-Type": "multipart/form-data; boundary=x"}, "--x--"),
    ("/estimated?query=%7Ba%7D", {}, json.dumps({"query": "{a}"})),
    ("/estimated?query=%7Ba%7D&%71uery=%7Bb%7D", {}, None),
])
def test_a_query_that_cannot_be_read_goes_nowhere(relay, target, headers, body):
    """Another server could read it, and would do more work than was paid for."""
    before = len(relay.upstream.seen), spent(relay, "points")
    method = "POST" if body else "GET"
    reply = relay.request(method, target, {"Content-Type": "application/json", **headers} if body else {}, body)
    assert (reply.status, reply.json()["error"]) == (400, "invalid_request")
    assert (len(relay.upstream.seen), spent(relay, "points")) == before


def test_a_late_charge_ends_no_window_that_has_begun_since(folder):
    """A client that drips its request chooses when it began, not when what it cost is counted."""
    clock = Clock(folder)
    relay = Relay(folder, clock=clock)
    with relay.connect() as slow:
        slow.send(relay.head("POST", "/late", **{"Transfer-Encoding": "chunked"}))
        wait_until(lambda: relay.upstream.seen_at("/late"), what="the head upstream")
        clock.move(21 * MINUTE)
        charge = {"client_id": relay.client_id, "points": 20, "path": "/late", "method": "POST"}
        assert relay.charge(**charge).status == 204
        slow.send(b"0\r\n\r\n")
        assert slow.reply().status == 200
    assert spent(relay, "late") == 21
    clock.move(19 * MINUTE)
    assert spent(relay, "late") == 21, "the window that began with the charge is not over"
    clock.move(MINUTE)
    assert spent(relay, "late") == 0
    relay.upstream.close()
    relay.daemon.stop()


# --- the end ---

def test_stop_waits_for_a_request_under_way(folder):
    relay = Relay(folder)
    with relay.connect() as connection:
        connection.send(relay.head("GET", "/slow"))
        wait_until(lambda: any(seen.target == "/slow" for seen in relay.upstream.seen))
        stopping = threading.Thread(target=relay.daemon.stop)
        stopping.start()
        time.sleep(0.3)
        relay.upstream.release.set()
        reply = connection.reply()
        assert reply.status == 200 and reply.header("Connection") == "close"
        stopping.join()
    relay.upstream.close()


def test_stop_ends_what_does_not_end_by_itself(folder):
    relay = Relay(folder)
    with relay.connect(40) as connection, relay.connect(40) as other:
        connection.send(relay.head("GET", "/endless"))
        other.send(relay.head("POST", "/things", **{"Content-Length": str(8 * MIB)}) + pattern(1000))
        wait_until(lambda: getattr(relay.upstream, "endless_sent", 0) > 0)
        relay.daemon.stop()
    relay.upstream.close()
