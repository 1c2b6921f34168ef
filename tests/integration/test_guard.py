"""The guard as gateways ask it, in each of their ways. Real ones stand in tests/gateways."""

import pytest
from http1 import Connection, request_bytes
from service import Service



def by_nginx(realm, method, target):
    return "GET", f"/guard/{realm}", {"X-Original-Method": method, "X-Original-URI": target,
                                      "X-Forwarded-For": "192.0.2.7", "Connection": "close"}


def by_traefik(realm, method, target):
    return "GET", f"/guard/{realm}", {"X-Forwarded-Method": method, "X-Forwarded-Proto": "https",
                                      "X-Forwarded-Host": "api.example.com", "X-Forwarded-Uri": target,
                                      "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Port": "443",
                                      "User-Agent": "curl/8", "Accept-Encoding": "gzip"}


def by_caddy(realm, method, target):
    return "GET", f"/guard/{realm}", {"X-Forwarded-Method": method, "X-Forwarded-Uri": target,
                                      "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.com",
                                      "X-Forwarded-For": "192.0.2.7"}


def by_envoy(realm, method, target):
    return method, f"/guard/{realm}{target}", {"Content-Length": "0", "X-Envoy-Internal": "true",
                                               "X-Forwarded-For": "192.0.2.7", "X-Request-Id": "abc"}


# What each gateway makes of the original request.
GATEWAYS = {"nginx": by_nginx, "traefik": by_traefik, "caddy": by_caddy, "envoy": by_envoy}


@pytest.fixture(params=["standard", "podio", "podchaser", "producthunt"])
def service(request, shared_demo):
    return Service(shared_demo, request.param)


def ask(service, gateway, headers):
    method, path = service.spelling.api
    method, path, own = GATEWAYS[gateway](service.realm, method, f"{path}?id=1")
    return service.daemon.request(method, path, {**own, **headers})


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_gateway_with_good_token(service, gateway):
    """200 and the identity headers; the body is of no interest to gateways."""
    reply = ask(service, gateway, service.bearer(service.token()))
    assert reply.status == 200
    assert reply.header("X-Jeton-Client") == service.credentials["client_id"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_gateway_without_and_with_bad_token(service, gateway):
    """401 with the challenge that the API itself would give."""
    for headers in ({}, service.bearer("bogus"), {"Authorization": "Basic eDp5"}):
        reply = ask(service, gateway, headers)
        assert reply.status == 401 and reply.header("X-Jeton-Client") is None
        if service.name != "podchaser":
            assert reply.header("WWW-Authenticate")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_any_method_is_asked_about(shared_demo, method):
    """Envoy sends the original method; the guard is not a resource of its own."""
    service = Service(shared_demo, "standard")
    token = service.token()
    for value, status in ((token, 200), ("bogus", 401)):
        data = request_bytes(method, "/guard/standard/things", {"Host": shared_demo.authority, **service.bearer(value)})
        with Connection(shared_demo.address) as connection:
            connection.send(data)
            assert connection.reply(to_head=method == "HEAD").status == status


def test_forged_identity_does_not_pass(shared_demo):
    """Identity headers of the request are not repeated, neither on 200 nor on 401."""
    service = Service(shared_demo, "standard")
    forged = {"X-Jeton-Client": "forged", "X-Jeton-Scope": "forged", "X-Jeton-Subject": "forged"}
    for token in (service.token(), "bogus"):
        assert "forged" not in str(service.guard(token, forged))


def test_needed_scope(shared_demo):
    """A gateway may ask for a scope: without it 403 insufficient_scope [RFC6750 3.1], with it 200."""
    service = Service(shared_demo, "standard")
    original = {"X-Original-Method": "POST", "X-Original-URI": "/things"}
    for scope, status in (("read", 403), ("read+write", 200)):
        token = service.token_of(service.ask_token(scope=scope))
        reply = shared_demo.request("GET", "/guard/standard?scope=write", {**service.bearer(token), **original})
        assert reply.status == status, str(reply)
        if status == 403:
            assert 'error="insufficient_scope"' in reply.header("WWW-Authenticate")
            assert reply.header("X-Jeton-Client") is None


def test_subject_is_the_service_account(shared_demo):
    """A token that hangs on a service account names it; a client's own token names none but the client."""
    podio = Service(shared_demo, "podio")
    assert podio.guard(podio.token()).header("X-Jeton-Subject") == podio.account["app_id"]


def test_a_rule_that_cannot_be_read_lets_nobody_pass(shared_demo):
    """At the guard's own path only one `scope` may stand in the query; below it the query is the client's."""
    service = Service(shared_demo, "standard")
    token = service.token_of(service.ask_token(scope="read+write"))
    for query, status in (("scope=read", 200), ("scope=read+write", 200), ("scope=admin", 403), ("scopes=read", 403),
                          ("scope=read&scope=", 403), ("scope=read&x=1", 403), ("scope=%zz", 403), ("x", 403), ("", 200)):
        reply = shared_demo.request("GET", f"/guard/standard?{query}", service.bearer(token))
        assert reply.status == status, query
    assert shared_demo.request("GET", "/guard/standard/things?scope=admin", service.bearer(token)).status == 200


@pytest.mark.parametrize("path, headers", [
    ("/guard/podio", {"X-Original-Method": "POST", "X-Original-URI": "/user/status?x=1"}),
    ("/guard/podio", {"X-Forwarded-Method": "POST", "X-Forwarded-Uri": "/user/status?x=1"}),
    ("/guard/podio/user/status?x=1", {"X-Original-Method": "POST"}),
], ids=("nginx", "traefik and caddy", "envoy"))
def test_a_refusal_speaks_of_the_original_request(shared_demo, path, headers):
    """Where a dialect repeats the request in its errors, it is the one that the gateway asks about."""
    reply = shared_demo.request("GET", path, {"Authorization": "OAuth2 bogus", **headers})
    assert reply.status == 401
    assert reply.json()["request"] == {"url": "/user/status", "query_string": "x=1", "method": "POST"}


@pytest.mark.parametrize("wish, status", [("", 403), ("?statuses=dialect", 431)])
@pytest.mark.parametrize("size", [12_000, 30_000])
def test_a_request_with_too_much_does_not_cost_a_client_its_token(service, wish, status, size):
    """Gateways ask with the client's own headers. A 401 would say that the token is dead."""
    headers = {"X-Original-Method": "GET", "X-Original-URI": "/", "X-Long": "x" * size,
               **service.bearer(service.token())}
    reply = service.daemon.request("GET", f"/guard/{service.realm}{wish}", headers)
    assert reply.status == status, str(reply)
    assert reply.header("WWW-Authenticate") is None
    if not wish:
        assert (reply.header("X-Jeton-Status"), reply.header("X-Jeton-Refusal")) == ("431", "headers_too_large")


def test_a_target_too_long_is_no_dead_token(service):
    """Behind the guard's own path stands the client's target."""
    reply = service.daemon.request("GET", f"/guard/{service.realm}/{'x' * 9_000}", service.bearer(service.token()))
    assert (reply.status, reply.header("X-Jeton-Status")) == (403, "414"), str(reply)


@pytest.mark.parametrize("wish, told, reason", [
    ("?statuses=x", "Method", "query of the guard's address"), ("?scope=reed", "Method", "none of the realm's"),
    ("", "Nothing", "not told")])
def test_a_gateways_own_mistake_is_told_to_its_operator(shared_demo, wish, told, reason):
    """Its clients hear a no that they cannot help."""
    service = Service(shared_demo, "podchaser")
    headers = {f"X-Original-{told}": "POST", "X-Original-URI": "/graphql", **service.bearer(service.token())}
    reply = shared_demo.request("GET", f"/guard/podchaser{wish}", headers)
    assert reply.status == 403, str(reply)
    assert any(reason in event["reason"] for event in shared_demo.log_events("gateway_mistaken"))
