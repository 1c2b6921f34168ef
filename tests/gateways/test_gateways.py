"""Real gateways in front of an API, each with its file of examples/gateways, asking a real guard."""

import hashlib
import time

import gateway as gateways_module
import pytest
from daemon import free_port, wait_until
from gateway import send, spellings
from http1 import ConnectionEnded, request_bytes
from realms import REALMS, Caller

KINDS = ("nginx", "nginx-cached", "caddy", "haproxy", "apache")
IDENTITY = ("client", "application", "environment", "subject", "instance", "scope", "token-id")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def realm(request):
    """Where the dialect makes no difference one of them is enough; else see every_realm."""
    return getattr(request, "param", "standard")


every_realm = pytest.mark.parametrize("realm", REALMS, indirect=True)


@pytest.fixture
def caller(jeton, realm):
    return Caller(jeton, realm)


@pytest.fixture
def gateway(gateways, kind, realm):
    return gateways(kind, realm)


def values(seen, name):
    """What the API got under this name, spelled with dashes or underscores, in any case."""
    return [value for key, value in seen["headers"] if key.lower().replace("_", "-") == name]


def header_values(reply, name):
    return [value for key, value in reply.headers if key.lower() == name.lower()]


def expect_refusal(api, gateway, status, method, target, headers, body=None):
    """Refused with the status, and the API has not heard of it."""
    before = len(api.seen)
    reply = gateway.request(method, target, headers, body)
    assert reply.status == status, f"{reply}\n{gateway.log()}"
    assert len(api.seen) == before
    assert not [name for name, _ in reply.headers if name.lower().startswith("x-jeton-")]
    return reply


@every_realm
def test_the_holder_of_a_token_reaches_the_api_by_name(gateway, caller):
    for method, target, body in (("GET", "/things/1?id=2&id=%20x", None), ("POST", "/things", "a=b"),
                                 ("PUT", "/things/%C3%A9", "")):
        reply = gateway.request(method, target, caller.headers(), body)
        assert reply.status == 200, f"{reply}\n{gateway.log()}"
        assert reply.header("X-Own-Answer") == "the API's"
        seen = reply.json()
        assert (seen["method"], seen["target"], seen["body_len"]) == (method, target, len(body or ""))
        assert values(seen, "host") == ["api.example"]
        assert values(seen, "x-jeton-client") == [caller.client_id]
        for name in IDENTITY:
            assert len(values(seen, f"x-jeton-{name}")) == 1, name
    assert gateway.request("HEAD", "/things/1", caller.headers()).status == 200


@every_realm
def test_nobody_reaches_the_api_without_a_live_token(api, gateway, caller):
    """401 with one challenge, the API's own."""
    for headers in ({}, caller.service.bearer("bogus"), {"Authorization": "Basic eDp5"}):
        reply = expect_refusal(api, gateway, 401, "GET", "/things/1", headers)
        assert len(header_values(reply, "WWW-Authenticate")) == 1
    caller.revoke()
    expect_refusal(api, gateway, 401, "GET", "/things/1?fresh", caller.headers())


@every_realm
def test_a_token_that_may_not_is_refused(api, gateway, caller):
    """403 for a scope, for a path that needs a user, for a path that no rule is for."""
    for method, target in (("DELETE", "/things/1"), ("GET", "/mine/1"), ("GET", "/elsewhere")):
        expect_refusal(api, gateway, 403, method, target, caller.headers())


def test_identity_from_outside_does_not_pass(gateway, caller):
    """Neither under the headers' own names nor in any spelling that CGI and WSGI take for the same."""
    forged = {spell(spelling): "forged" for name in IDENTITY for spelling in spellings(f"X-Jeton-{name}")
              for spell in (str, str.upper)}
    reply = gateway.request("GET", "/things/1", caller.headers(**forged))
    assert reply.status == 200, str(reply)
    assert "forged" not in reply.body.decode()


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL",
                                  "X-Rewrite-URL"])
def test_no_other_request_than_the_judged_one_is_made_of_it(gateway, caller, name):
    """Some frameworks take these headers of the client for the request's method and path."""
    for spelling in (*spellings(name), name.lower()):
        reply = gateway.request("GET", "/things/1", caller.headers(**{spelling: "/mine/1"}))
        assert reply.status == 200 and "/mine/1" not in reply.body.decode(), spelling


@pytest.mark.parametrize("named", [f"X-Jeton-{name}" for name in ("Client", "subject", "SCOPE")] + ["Authorization"])
def test_a_client_cannot_have_identity_removed(api, gateway, caller, named):
    """[RFC9110 7.6.1] Proxies remove what Connection names; the guard's names must not be among that."""
    before = len(api.seen)
    for connection in (f"keep-alive, {named}", f"{named},close", named):
        gateway.request("GET", "/things/1", caller.headers(Connection=connection))
    for seen in api.seen[before:]:
        for name in IDENTITY:
            assert len(values(seen, f"x-jeton-{name}")) == 1, name


@pytest.mark.parametrize("header", ["X-Original-URI", "X-Forwarded-Uri", "X-Original-URL", "X-Rewrite-URL"])
def test_what_a_client_says_of_its_request_does_not_choose_the_rule(api, gateway, caller, header):
    """The rule is chosen by what the API will get."""
    expect_refusal(api, gateway, 403, "GET", "/mine/1", caller.headers(**{header: "/things/1"}))


@pytest.mark.parametrize("header", ["X-Original-Method", "X-Forwarded-Method", "X-HTTP-Method-Override"])
def test_nor_does_its_word_about_the_method(api, gateway, caller, header):
    expect_refusal(api, gateway, 403, "DELETE", "/things/1", caller.headers(**{header: "GET"}))


@pytest.mark.parametrize("target", ["/things/../mine/1", "/things/%2e%2e/mine/1", "/things/..%2fmine/1", "//mine/1",
                                    "/things/..;/mine/1", "/./mine/1", "/things/%5c../mine/1",
                                    "http://api.example/mine/1", "http://api.example//mine/1", "/things/1#/../mine/1",
                                    "/things/1/%00/mine/1", "/mine%2f1", "/%6dine/1", "*"])
def test_no_way_around_a_rule(api, gateway, caller, target):
    """Whatever a gateway makes of such a path: the API does not get it with a token that may not."""
    before = len(api.seen)
    assert gateway.request("GET", target, caller.headers()).status >= 400
    assert len(api.seen) == before


def test_the_apis_own_refusals_pass_unchanged(gateway, caller):
    for status in ("401", "403", "404", "500", "503"):
        reply = gateway.request("GET", "/things/1", caller.headers(**{"X-Own-Status": status}))
        assert reply.status == int(status)
        assert reply.json()["target"] == "/things/1"


def test_large_bodies_arrive_as_they_were_sent(gateway, caller):
    body = b"\x00\x01jeton\r\n" * (1 << 20)
    assert len(body) >= 8 << 20
    seen = gateway.request("POST", "/things", caller.headers(), body).json()
    assert (seen["body_len"], seen["body_sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_large_cookies_are_none_of_the_guards_business(gateway, caller):
    """They exceed the guard's limits, not the API's."""
    cookie = "c=" + "x" * 10000
    reply = gateway.request("GET", "/things/1", caller.headers(Cookie=cookie))
    assert reply.status == 200, str(reply)
    assert values(reply.json(), "cookie") == [cookie]
    assert gateway.request("GET", "/things/1", {"Cookie": cookie}).status == 401


def test_bodies_without_a_length_arrive_too(gateway, caller):
    chunk = b"x" * 4096
    chunked = (b"1000\r\n" + chunk + b"\r\n") * 64 + b"0\r\n\r\n"
    reply = gateway.request("POST", "/things", caller.headers(**{"Transfer-Encoding": "chunked"}), chunked)
    assert reply.json()["body_sha256"] == hashlib.sha256(chunk * 64).hexdigest()


def test_connections_are_kept(gateway, caller):
    """The client's, over passes and refusals, with bodies too; and the one to the API."""
    with gateway.connect() as connection:
        used = set()
        for _ in range(3):
            reply = send(connection, "POST", "/things", caller.headers(), "x" * 1000)
            assert reply.status == 200
            used.add(reply.json()["connection"])
            assert send(connection, "GET", "/things/1", {}).status == 401
            assert send(connection, "POST", "/mine/1", caller.headers(), "x" * 1000).status == 403
            assert send(connection, "HEAD", "/things/1", caller.headers()).status == 200
        assert len(used) < 3, "one, or one for each of two threads"


@pytest.mark.parametrize("times", [1, 1 << 15], ids=["short", "long"])
@pytest.mark.parametrize("realm, target, method", [("standard", "/mine/1", "POST"), ("podio", "/few/1", "POST")],
                         indirect=["realm"], ids=["403", "420"])
def test_the_body_of_a_refused_request_is_no_request(api, gateway, caller, target, method, times):
    """Whether the gateway reads it or closes the connection."""
    hidden = request_bytes("GET", "/things/hidden", {"Host": "api.example", **caller.headers()})
    for number in range(3):
        gateway.request("GET", f"/few/{number}?used", caller.headers())
    with gateway.connect() as connection:
        assert send(connection, method, target, caller.headers(), hidden * times).status in (403, 420)
        try:
            assert send(connection, "GET", "/things/next", caller.headers()).json()["target"] == "/things/next"
        except (ConnectionEnded, ConnectionResetError):
            assert times > 1
    assert "/things/hidden" not in [seen["target"] for seen in api.seen]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_guard_nobody_passes(api, kind):
    """A guard that is not there is a no."""
    before = len(api.seen)
    gateway = gateways_module.start(kind, "standard", guard=f"127.0.0.1:{free_port()}", api=api.authority)
    try:
        assert gateway.request("GET", "/things/1", {"Authorization": "Bearer anything"}).status in (500, 502, 503)
        assert len(api.seen) == before
    finally:
        gateway.stop()


@pytest.mark.parametrize("kind", ["nginx-cached"])
def test_a_cached_yes_ends_within_five_seconds(jeton, api, gateway, realm):
    """What the file says the cache costs: a revoked token passes for at most five seconds more."""
    passed_at = []
    while not passed_at:  # until the machine is quick enough to ask while it is kept
        # nginx counts whole seconds: what is kept when one begins is kept longest.
        wait_until(lambda: time.time() % 1 < 0.05, what="the start of a second")
        caller = Caller(jeton, realm)
        assert gateway.request("GET", "/things/1", caller.headers()).status == 200
        caller.revoke()
        revoked_at = time.monotonic()

        def is_refused():
            asked_at = time.monotonic()  # nginx decides later than this, so that no slow machine adds to it
            if gateway.request("GET", "/things/1", caller.headers()).status == 401:
                return True
            passed_at.append(asked_at)
            return False

        wait_until(is_refused, what="the end of the yes")
    assert passed_at[-1] - revoked_at <= 5
    expect_refusal(api, gateway, 401, "GET", "/things/1", caller.headers())


@pytest.mark.parametrize("kind", ["nginx-cached"])
def test_a_cached_yes_is_for_one_request_of_one_token(api, gateway, caller):
    """No header or path makes another question have the same key."""
    header = caller.headers()["Authorization"]
    assert gateway.request("GET", "/things/1", caller.headers()).status == 200
    expect_refusal(api, gateway, 403, "DELETE", "/things/1", caller.headers())
    expect_refusal(api, gateway, 401, "GET", "/things/1", {})
    expect_refusal(api, gateway, 401, "GET", "/things", {"Authorization": f"/1 {header}"})
    expect_refusal(api, gateway, 403, "GET", "/mine/1", caller.headers())
