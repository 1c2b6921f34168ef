"""Bad input: the error in the dialect's shape, never a 5xx, never a crash, never a secret in the log."""

import json

import pytest
from http1 import Connection, basic, request_bytes
from service import MUTATION, NAMES, Service, graphql_token

BODY_MAX = 64 * 1024
HEADERS_MAX = 8 * 1024
PADDING = 3000  # one parameter's value: values and the number of parameters have limits of their own
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
# Which bodies each token endpoint reads [contracts 1.4, 2.2, 3.1, 4.3, 5.2].
BODIES = {"podio": {FORM: "/oauth/token", JSON: "/oauth/token/v2"},
          "producthunt": {FORM: "/v2/oauth/token", JSON: "/v2/oauth/token"},
          "podchaser": {JSON: "/graphql"},
          "radioworkflow": {FORM: "/token"},
          "podero": {FORM: "/oauth2/token/", JSON: "/oauth2/token/"},
          "standard": {FORM: "/oauth2/token"}}
FORM_NAMES = [name for name in NAMES if FORM in BODIES[name]]
JSON_NAMES = [name for name in NAMES if JSON in BODIES[name]]


@pytest.fixture
def serving(shared_demo):
    """After whatever the test did the server still serves, and logged no secret."""
    yield shared_demo
    assert Service(shared_demo, "standard").ask_token().status == 200
    shared_demo.check_no_secret_logged()


@pytest.fixture(params=NAMES)
def service(request, serving):
    return Service(serving, request.param)


def assert_refused(service, reply, *statuses):
    """The dialect's own shape of error, with one of the statuses."""
    assert reply.status in (statuses or (400, 401)), str(reply)
    assert b"access_token" not in reply.body
    if reply.body:
        assert "json" in reply.header("Content-Type"), str(reply)
        assert is_in_shape(service.name, reply.json()), str(reply)


def is_in_shape(name, value):
    if name == "podio":
        return list(value) == ["error", "error_detail", "error_description", "error_parameters", "error_propagate",
                               "request"] and isinstance(value["error_description"], str)
    if name == "podchaser":
        return all("message" in error for error in value["errors"])
    return isinstance(value.get("error"), str) and set(value) <= {"error", "error_description", "error_uri"}


def form_parameters(service):
    client = service.credentials
    parameters = {"client_id": client["client_id"], "client_secret": client["client_secret"],
                  "grant_type": "client_credentials"}
    if service.name == "podio":
        parameters |= {"grant_type": "app", "app_id": service.account["app_id"],
                       "app_token": service.account["app_token"]}
    return parameters


def sign_in(service):
    """Headers and parameters of a good request in this dialect's way."""
    parameters = form_parameters(service)
    if service.name not in ("radioworkflow", "podero", "standard"):
        return {}, parameters
    header = {"Authorization": basic(parameters.pop("client_id"), parameters.pop("client_secret"))}
    return header, parameters


def post(service, kind, body, headers=None):
    return service.daemon.request("POST", BODIES[service.name][kind], {"Content-Type": kind, **(headers or {})}, body)


def first_kind(service):
    return next(iter(BODIES[service.name]))


# --- sizes ---


def padded(service, size):
    """A good request whose body has exactly `size` bytes."""
    headers, parameters = sign_in(service)
    if service.name == "podchaser":
        body = json.dumps(graphql_token(service.credentials))
        return headers, body.ljust(size)
    body = "&".join(f"{key}={value}" for key, value in parameters.items())
    number = 0
    while size - len(body) > PADDING + 100:
        body += f"&pad{number}=" + "x" * PADDING
        number += 1
    return headers, body + "&last=" + "x" * (size - len(body) - len("&last="))


def test_body_of_64_kib_passes(service):
    """The limit from inside: 65,536 bytes are read."""
    headers, body = padded(service, BODY_MAX)
    reply = post(service, first_kind(service), body, headers)
    assert reply.status == 200 and b"access_token" in reply.body, str(reply)


def test_body_over_64_kib_is_413(service):
    """The limit from outside: one byte more is 413 in the dialect's shape."""
    headers, body = padded(service, BODY_MAX + 1)
    assert_refused(service, post(service, first_kind(service), body, headers), 413)


def test_body_over_64_kib_in_chunks_is_413(service):
    """A chunked body is counted as it comes."""
    headers, body = padded(service, BODY_MAX + 1)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in slices(body.encode(), 4000)) + b"0\r\n\r\n"
    kind = first_kind(service)
    head = request_bytes("POST", BODIES[service.name][kind], {
        "Host": service.daemon.authority, "Content-Type": kind, "Transfer-Encoding": "chunked", **headers})
    assert_refused(service, service.daemon.send(head + chunks), 413)


def slices(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def post_head(service, fields):
    """The reply to a head with these lines, which need not be sent to its end."""
    path = BODIES[service.name][first_kind(service)]
    return service.daemon.send(f"POST {path} HTTP/1.1\r\nHost: {service.daemon.authority}\r\n{fields}".encode())


def comparable(reply):
    """The headers of two replies that are the same: only time and exchange tell them apart."""
    return [(name, value) for name, value in sorted(reply.headers) if name != "Date" and "Request-Id" not in name]


def assert_refused_alike(service, status, replies):
    """In the dialect's shape and the same way, however far past the limit."""
    for reply in replies:
        assert_refused(service, reply, status)
        assert reply.body == replies[0].body and comparable(reply) == comparable(replies[0]), str(reply)
        assert len(reply.header("X-Request-Id")) == 16 and reply.header("Connection") == "close"


def test_headers_too_large_are_431(service):
    """Request line and headers have a limit; what exceeds all of a connection's memory is told in the same words."""
    assert_refused_alike(service, 431, [post_head(service, f"X-Long: {'x' * size}\r\n\r\n")
                                        for size in (HEADERS_MAX, 16_000, 18_000, 20_000, 100_000)])
    assert_refused_alike(service, 431, [post_head(service, "X-Long: " + "x" * 100_000)])


def test_headers_too_many_are_431(service):
    """So has their number."""
    assert_refused_alike(service, 431, [post_head(service, "X: y\r\n" * count + "\r\n")
                                        for count in (64, 100, 150, 250, 400, 3000)])


def test_host_that_comes_too_late_is_not_missed(service):
    """A head that was not read to its Host is too large, and not one without Host."""
    path = BODIES[service.name][first_kind(service)]
    head = f"POST {path} HTTP/1.1\r\nX-Long: {'x' * 100_000}\r\nHost: {service.daemon.authority}\r\n\r\n"
    assert_refused(service, service.daemon.send(head.encode()), 431)


def test_long_uri_is_414(service):
    """A target past the limit is refused where it leads to, as long as there is an end of it."""
    path = BODIES[service.name][first_kind(service)]
    assert_refused(service, service.daemon.request("POST", f"{path}?{'x' * HEADERS_MAX}", {}, ""), 414)
    assert_refused(service, service.daemon.request("POST", f"{path}?{'x' * 15_000}", {"X": "y" * 9_000}, ""), 414)


def test_endless_uri_is_414(serving):
    """What leads nowhere yet is refused in no company's words."""
    for size in (HEADERS_MAX, 16_000, 18_000, 20_000, 100_000):
        reply = serving.request("GET", "/no/such/path?" + "x" * size)
        assert (reply.status, reply.json()["error"]) == (414, "invalid_request"), str(reply)


def test_broken_chunks_are_400(service):
    """[RFC9112 7.1] The head was good, so it is known in whose words."""
    kind = first_kind(service)
    head = request_bytes("POST", BODIES[service.name][kind], {
        "Host": service.daemon.authority, "Content-Type": kind, "Transfer-Encoding": "chunked"})
    for chunks in (b"zz\r\n", b"1\r\nxyz\r\n", b"1\r\nx\r\n0\r\nno colon\r\n\r\n"):
        assert_refused(service, service.daemon.send(head + chunks), 400)


def test_bad_length_is_400(service):
    """[RFC9112 6.3]"""
    assert_refused(service, post_head(service, "Content-Length: 5x\r\n\r\nhello"), 400)
    assert_refused(service, post_head(service, "Content-Length: 99999999999999999999\r\n\r\nhello"), 413)


def test_long_parameter_is_refused(service):
    """One parameter of 60 KiB within the body's limit is no credential."""
    if FORM not in BODIES[service.name]:
        value = graphql_token({"client_id": "x" * 60_000, "client_secret": "y"})
        assert service.has_refused(service.daemon.post_json("/graphql", value))
        return
    headers, parameters = sign_in(service)
    reply = post(service, FORM, f"grant_type={'x' * 60_000}&" + form_text(parameters, "grant_type"), headers)
    assert_refused(service, reply, 400)


def form_text(parameters, without):
    return "&".join(f"{key}={value}" for key, value in parameters.items() if key != without)


# --- kinds of body ---


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense", ""])
def test_unknown_content_type(service, kind):
    """A body that no dialect names gives no token, whatever stands in it."""
    headers, parameters = sign_in(service)
    body = json.dumps(graphql_token(service.credentials)) if service.name == "podchaser" else form_text(parameters, "")
    reply = service.daemon.request("POST", BODIES[service.name][first_kind(service)],
                                   {**headers, "Content-Type": kind}, body)
    assert_refused(service, reply, 400, 401, 415)


def test_no_body(service):
    """Nothing at all."""
    reply = service.daemon.request("POST", BODIES[service.name][first_kind(service)], {})
    assert_refused(service, reply, 200 if service.name == "podchaser" else 400, 400, 401, 415)


@pytest.mark.parametrize("name", JSON_NAMES)
@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b'"text"', b"1e999", b"{\"grant_type\":}", b"{\"a\":1}x", b"\xff\xfe",
    b"{\"a\":\"\xff\"}",
    b"{\"grant_type\":\"client_credentials\",\"grant_type\":\"client_credentials\"}", b"{\"grant_type\":{\"a\":[]}}",
    b"{\"client_id\":null,\"client_secret\":[],\"grant_type\":true}", b'{"grant_type":"client\\u0000credentials"}',
    b'{"grant_type":"\\ud800"}', b"[" * 30_000, b'{"a":' * 10_000,
    b'{"query":null}', b'{"query":1}', b'{"query":"{__typename}","variables":[]}',
], ids=lambda body: repr(body[:24]))
def test_bad_json(serving, name, body):
    """Broken, deep, duplicate, wrongly typed and wrongly encoded JSON."""
    service = Service(serving, name)
    headers, _ = sign_in(service)
    reply = post(service, JSON, body, headers)
    assert_refused(service, reply, *((200, 400) if name == "podchaser" else (400, 401)))


@pytest.mark.parametrize("name", FORM_NAMES)
@pytest.mark.parametrize("value", [b"%00", b"a%00b", b"\x00", b"%ff", b"\xff\xfe", b"%", b"%zz", b"%c0%af",
                                   b"%ed%a0%80"], ids=repr)
def test_bad_text_in_a_form(serving, name, value):
    """NUL, invalid UTF-8 and broken escapes in a parameter that counts."""
    service = Service(serving, name)
    headers, parameters = sign_in(service)
    body = form_text(parameters, "grant_type").encode() + b"&grant_type=" + value
    assert_refused(service, post(service, FORM, body, headers), 400)


@pytest.mark.parametrize("name", ["radioworkflow", "podero", "standard"])
def test_repeated_parameter(serving, name):
    """[RFC6749 3.2] Refused, except where the company's own server takes the last one (see the golden files)."""
    service = Service(serving, name)
    headers, parameters = sign_in(service)
    body = form_text(parameters, "") + "&grant_type=client_credentials"
    assert_refused(service, post(service, FORM, body, headers), 400)


def test_many_parameters(serving):
    """Thousands of parameters cost nothing and change nothing."""
    service = Service(serving, "standard")
    headers, parameters = sign_in(service)
    body = form_text(parameters, "") + "".join(f"&p{number}=" for number in range(7000))
    assert post(service, FORM, body, headers).status in (200, 400)


# --- credentials ---


@pytest.mark.parametrize("name", ["podio", "producthunt", "podero", "standard"])
def test_two_client_authentications(serving, name):
    """Basic and body at once: refused, nothing issued [RFC6749 2.3]."""
    service = Service(serving, name)
    parameters = form_parameters(service)
    headers = {"Authorization": basic(parameters["client_id"], parameters["client_secret"])}
    assert_refused(service, post(service, FORM, form_text(parameters, ""), headers), 400, 401)


@pytest.mark.parametrize("value", ["Basic", "Basic ", "Basic !", "Basic Og==", "Basic YQ==", "Basic \xff", "Digest x",
                                   "Basic " + "A" * 8000, "Basic YTpi YTpi", "Basic YSUwMDpi", "Basic Ojo6"],
                         ids=lambda value: repr(value[:20]))
def test_bad_basic(service, value):
    """Authorization headers that are no client credentials."""
    headers, parameters = sign_in(service)
    if service.name == "podchaser":
        assert service.daemon.post_json("/graphql/introspect", {"token": "x"}, {"Authorization": value}).status < 500
        return
    for key in ("client_id", "client_secret"):
        parameters.pop(key, None)
    assert_refused(service, post(service, FORM, form_text(parameters, ""), {"Authorization": value}))


def test_two_authorization_headers(serving):
    """[RFC9110 5.3] One request, two holders: refused."""
    service = Service(serving, "standard")
    token = service.token()
    head = (f"GET /oauth2/whoami HTTP/1.1\r\nHost: {serving.authority}\r\nAuthorization: Bearer {token}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n")
    assert serving.send(head.encode()).status in (400, 401)


def test_secret_in_the_query_is_refused_and_logged_as_a_leak(service):
    """Refused, counted and logged with the client's id at most, never with the secret."""
    path, headers, body = service.token_request()
    leaks = len(service.daemon.log_events("secret_in_query"))
    secret = service.credentials["client_secret"]
    reply = service.daemon.request("POST", f"{path}?client_secret={secret}", headers, body)
    assert_refused(service, reply, *((200, 400) if service.name == "podchaser" else (400, 401)))
    events = service.daemon.log_events("secret_in_query")
    assert len(events) == leaks + 1, service.daemon.log_tail(5)
    assert events[-1]["exchange"] == reply.header("X-Request-Id")
    assert secret not in service.daemon.log()


def test_access_token_in_the_query_is_refused(service):
    """[RFC9700 4.3.2] Tokens travel in the header; the log must not hold this one."""
    token = service.token()
    method, path = service.spelling.whoami
    reply = service.daemon.request(method, f"{path}?access_token={token}")
    assert reply.status in (400, 401) or b"errors" in reply.body
    assert token not in service.daemon.log()


BAD_TOKENS = ["x", "a" * 5000, "\xe9\xff", "%00", "../../etc/passwd", "' OR 1=1 --", "a.b.c", "0" * 40, "0" * 64,
              "a b", ",", "=", "\"quoted\""]


@pytest.mark.parametrize("token", BAD_TOKENS, ids=lambda token: repr(token[:12]))
def test_bad_token_strings(service, token):
    """What is no token is refused like any other dead one, at guard and whoami."""
    assert service.guard(token).status in (400, 401)
    reply = service.whoami(token)
    assert reply.status in (400, 401) or (reply.status == 200 and b"errors" in reply.body)


def test_every_cut_of_a_token_is_refused(serving):
    """A token that lacks or changes a character opens nothing."""
    service = Service(serving, "podero")
    token = service.token()
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:] for at in range(len(token))]
    for bad in [token[:-1], token[1:], token + "A", token.swapcase(), *changed]:
        assert service.guard(bad).status == 401, bad
    assert service.guard(token).status == 200


def test_hex_tokens_are_exact(serving):
    """A token's digits are compared as they were given."""
    service = Service(serving, "producthunt")
    token = service.token()
    if token != token.upper():
        assert service.guard(token.upper()).status == 401


# --- GraphQL ---


def bombs():
    arguments = '(input: {grant_type: CLIENT_CREDENTIALS, client_id: "a", client_secret: "b"})'
    token = f"requestAccessToken{arguments} {{ access_token }}"
    return {
        "depth": "{ " + "a { " * 5000 + "}" * 5001,
        "introspection depth": "{ __schema { types " + "{ fields { type " * 40 + "{ name }" + " } }" * 40 + " } }",
        "list value": 'mutation { requestAccessToken(input: ' + "[" * 8000 + "]" * 8000 + ") { access_token } }",
        "object value": "mutation { requestAccessToken(input: " + "{a: " * 8000 + "1" + "}" * 8000
                        + ") { access_token } }",
        "type": "query ($a: " + "[" * 8000 + "Int" + "]" * 8000 + ") { __typename }",
        "aliases": "mutation { " + " ".join(f"a{number}: {token}" for number in range(400)) + " }",
        "typename aliases": "{ " + " ".join(f"a{number}: __typename" for number in range(5000)) + " }",
        "tokens": "{ __typename }" + " #\n" * 100 + ", " * 20_000 + "{" * 3000,
        "fragments": "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60))
                     + " fragment f60 on Query { __typename }",
        "cycle": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
        "self": "{ ...a } fragment a on Query { ...a }",
        "unterminated string": 'mutation { requestAccessToken(input: "' + "x" * 1000,
        "unterminated block": 'mutation { requestAccessToken(input: """' + "x" * 1000,
        "big number": "query { podcast(identifier: {id: " + "9" * 5000 + ", type: PODCHASER}) { title } }",
        "nul": "{ __typename \x00 }",
        "surrogate": '{ a(b: "\\ud800") }',
        "directives": "{ __typename " + "@skip(if: false) " * 3000 + "}",
    }


@pytest.mark.parametrize("bomb", bombs())
def test_graphql_bombs(serving, bomb):
    """Depth, aliases, tokens, cycles: an error in GraphQL's shape, at once."""
    reply = serving.post_json("/graphql", {"query": bombs()[bomb]})
    assert reply.status in (200, 400, 413), str(reply)
    assert reply.json()["errors"], str(reply)


def test_graphql_variables_of_wrong_kinds(serving):
    """Variables are coerced strictly; nothing crashes on what JSON allows."""
    for variables in ({"id": 1, "secret": "x"}, {"id": None, "secret": None}, {"id": [], "secret": {}}, "text", 7, [1]):
        reply = serving.post_json("/graphql", {"query": MUTATION, "variables": variables})
        assert reply.status in (200, 400) and reply.json()["errors"], str(reply)


# --- methods and paths ---


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW",
                                    "get"])
def test_other_methods_at_the_token_endpoint(service, method):
    """Only POST gives tokens; the others get an answer that is none."""
    path, headers, body = service.token_request()
    data = request_bytes(method, path, {"Host": service.daemon.authority, **headers},
                         body if method in ("PUT", "PATCH") else None)
    with Connection(service.daemon.address) as connection:
        connection.send(data)
        reply = connection.reply(to_head=method == "HEAD")
    assert reply.status < 500 and reply.status != 200 or (method == "OPTIONS" and reply.status < 300), str(reply)
    assert b"access_token\"" not in reply.body


@pytest.mark.parametrize("path", ["/", "//oauth2/token", "/oauth2/token/..", "/oauth2/./token", "/%2e%2e/",
                                  "/oauth2%2ftoken", "/guard", "/guard/", "/guard/nobody", "/guard/%00", "/\xff", "*",
                                  "/healthz/../oauth2/token"])
def test_odd_paths(serving, path):
    """Paths are compared as bytes: what is not exactly there is not there."""
    reply = serving.request("POST", path, {"Content-Type": FORM}, "grant_type=client_credentials")
    assert 400 <= reply.status < 500, str(reply)
