"""Gateways that Debian does not have: the requests that they send with the files of examples/gateways, byte for byte,
and what they make of the answers.

Traefik as pkg/middlewares/auth/forward.go of 2.x and 3.x does it: GET to the address; of the client's headers those of
authRequestHeaders, all where it is left out; X-Forwarded-* of the request itself unless trustForwardHeader. On 2xx
authResponseHeaders are taken over, or removed where the answer lacks them; any other answer is the client's. What
Connection names is dropped on the way to the API.

Envoy as its ext_authz filter documents it: the client's method, path_prefix before its path and query, Host,
Authorization, Content-Length: 0, and headers_to_add in place of what the client sent. On 200 allowed_upstream_headers are
overwritten and allowed_client_headers_on_success are added to the API's answer; any other answer below 500 is the client's,
with allowed_client_headers or, where that list is left out, all headers; from 500 on Envoy refuses by itself.
"""

import http1
import pytest
import yaml
from gateway import EXAMPLES, spellings
from realms import REALMS, Caller

IDENTITY = {f"x-jeton-{name}" for name in
            ("client", "application", "environment", "subject", "instance", "scope", "token-id")}


# What some frameworks take for the request's method and path.
OTHER_REQUEST = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL")


def find(value, key):
    """The first member of this name, however deep."""
    if isinstance(value, dict):
        if key in value:
            return value[key]
        value = list(value.values())
    inner = (find(one, key) for one in value) if isinstance(value, list) else ()
    return next((one for one in inner if one is not None), None)


class Passed:
    """The headers that the API would get, and those that the client would get with its answer."""

    def __init__(self, headers, told=()):
        self.headers, self.told = headers, dict(told)


class Traefik:
    def __init__(self):
        file = yaml.safe_load((EXAMPLES / "traefik.yaml").read_text())
        self.own = find(file, "forwardAuth")
        self.removed = {name.lower() for name, value in find(file, "customRequestHeaders").items() if value == ""}
        assert find(file, "routers")["api"]["middlewares"] == ["nobody-names-himself", "jeton"]

    def question(self, realm, method, target, headers):
        own = self.own
        allowed = [name.lower() for name in own.get("authRequestHeaders", [])]
        passed = {name: value for name, value in headers.items() if not allowed or name.lower() in allowed}
        assert not own.get("trustForwardHeader"), "then the client chooses the rule"
        forwarded = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Method": method, "X-Forwarded-Proto": "https",
                     "X-Forwarded-Host": "api.example.com", "X-Forwarded-Uri": target}
        path = own["address"].removeprefix("http://127.0.0.1:8081").replace("/guard/main", f"/guard/{realm}")
        standard = {"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}
        return "GET", path, {"Host": "127.0.0.1:8081", **standard, **passed, **forwarded}

    def verdict(self, headers, answer):
        if not 200 <= answer.status < 300:
            return answer
        taken = {name.lower() for name in self.own["authResponseHeaders"]}
        headers = {name: value for name, value in headers.items() if name.lower() not in self.removed}
        kept = [(name, value) for name, value in headers.items() if name.lower() not in taken]
        kept += [(name, value) for name, value in answer.headers if name.lower() in taken]
        named = [name.strip().lower() for name in headers.get("Connection", "").split(",")]
        return Passed([(name, value) for name, value in kept if name.lower() not in named])


class Envoy:
    def __init__(self):
        file = yaml.safe_load((EXAMPLES / "envoy.yaml").read_text())
        self.own = find(file, "http_service")
        assert find(file, "headers_with_underscores_action") == "DROP_HEADER"
        self.removed = set(find(file, "request_headers_to_remove"))

    def names(self, key):
        return {pattern["exact"] for pattern in self.own["authorization_response"][key]["patterns"]}

    def question(self, realm, method, target, headers):
        prefix = self.own["path_prefix"].replace("/guard/main", f"/guard/{realm}")
        authorization = {name: value for name, value in headers.items() if name.lower() == "authorization"}
        own = {"x-envoy-internal": "true", "x-forwarded-for": "192.0.2.7", "content-length": "0"}
        added = {header["key"]: header["value"] for header in self.own["authorization_request"]["headers_to_add"]}
        return method, prefix + target, {"host": "api.example.com", **authorization, **own, **added}

    def verdict(self, headers, answer):
        if answer.status == 200:
            taken = self.names("allowed_upstream_headers")
            new = [(name, value) for name, value in answer.headers if name.lower() in taken]
            headers = {name: value for name, value in headers.items()
                       if "_" not in name and name.lower() not in self.removed}
            overwritten = {name.lower() for name, _ in new}
            told = self.names("allowed_client_headers_on_success")
            return Passed([(name, value) for name, value in headers.items() if name.lower() not in overwritten] + new,
                          [(name, value) for name, value in answer.headers if name.lower() in told])
        assert answer.status < 500
        assert "allowed_client_headers" not in self.own["authorization_response"], "then some are not told"
        return answer


@pytest.fixture(params=[Traefik, Envoy], ids=["traefik", "envoy"])
def through(request, jeton):
    """through(caller's realm, method, target, headers): what the API gets, or the refusal that the client gets."""
    gateway = request.param()

    def ask(realm, method, target, headers):
        with http1.Connection(jeton.address) as connection:
            connection.send(http1.request_bytes(*gateway.question(realm, method, target, headers)))
            answer = connection.reply(to_head=method == "HEAD" and request.param is Envoy)
        return gateway.verdict(headers, answer)

    return ask


@pytest.fixture(params=REALMS)
def caller(request, jeton):
    return Caller(jeton, request.param)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "PROPFIND"])
def test_the_holder_of_a_token_reaches_the_api_by_name(through, caller, method):
    """All seven identity headers, once each; those that the client sent are gone."""
    forged = {spelling: "forged" for name in IDENTITY for spelling in spellings(name)}
    forged |= {spelling: "forged" for name in OTHER_REQUEST for spelling in spellings(name)}
    forged["Connection"] = "X-Jeton-Client, x-jeton-scope"
    passed = through(caller.service.realm, method, "/things/1?id=1", caller.headers(**forged))
    assert isinstance(passed, Passed), str(passed)
    got = [(name.lower(), value) for name, value in passed.headers if name.lower().replace("_", "-") in IDENTITY]
    assert {name for name, _ in got} == IDENTITY and len(got) == len(IDENTITY)
    assert dict(got)["x-jeton-client"] == caller.client_id
    assert "forged" not in dict(passed.headers).values()


def test_nobody_reaches_the_api_without_a_live_token(through, caller):
    """401 with one challenge and the dialect's body."""
    caller.revoke()
    for headers in ({}, caller.service.bearer("bogus"), {"Authorization": "Basic eDp5"}, caller.headers()):
        refused = through(caller.service.realm, "POST", "/things/1?id=1", headers)
        assert isinstance(refused, http1.Reply) and refused.status == 401
        assert refused.header("WWW-Authenticate") and refused.json()


def test_a_token_that_may_not_is_refused(through, caller):
    for method, target in (("DELETE", "/things/1"), ("GET", "/mine/1"), ("GET", "/elsewhere"),
                           ("GET", "/things/../mine/1")):
        refused = through(caller.service.realm, method, target, caller.headers())
        assert isinstance(refused, http1.Reply) and refused.status == 403, target
        assert refused.json()


@pytest.mark.parametrize("header", ["X-Original-URI", "X-Forwarded-Uri", "X-Original-Method", "X-Forwarded-Method"])
def test_what_a_client_says_of_its_request_does_not_choose_the_rule(through, caller, header):
    said = "GET" if header.endswith("Method") else "/things/1"
    for method, target in (("GET", "/mine/1"), ("DELETE", "/things/1")):
        refused = through(caller.service.realm, method, target, caller.headers(**{header: said}))
        assert isinstance(refused, http1.Reply) and refused.status == 403


LIMITS = {"standard": (429, "RateLimit"), "podio": (420, "X-Rate-Limit-Remaining"),
          "producthunt": (429, "X-Rate-Limit-Remaining"), "podchaser": (429, None)}


def test_a_client_hears_its_limits_and_the_refusal(request, through, caller):
    """The dialect's own status and headers. Traefik tells nothing of a guard that lets pass."""
    realm = caller.service.realm
    status, header = LIMITS[realm]
    for left in (2, 1, 0):
        passed = through(realm, "GET", "/few/1", caller.headers())
        assert isinstance(passed, Passed), str(passed)
        if header and "envoy" in request.node.name:
            assert str(left) in passed.told[header]
    refused = through(realm, "GET", "/few/1", caller.headers())
    assert isinstance(refused, http1.Reply) and refused.status == status
    assert int(refused.header("Retry-After")) > 3500 and refused.json()
    assert not header or "0" in refused.header(header)


def test_a_refusal_speaks_of_the_original_request(through, jeton):
    """Where a dialect repeats the request in its errors, it is the one that the gateway asks about."""
    refused = through("podio", "POST", "/user/status?x=1", {"Authorization": "OAuth2 bogus"})
    assert refused.json()["request"] == {"url": "/user/status", "query_string": "x=1", "method": "POST"}
